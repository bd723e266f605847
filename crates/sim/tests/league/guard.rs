//! The league's promise: one member warns, and every operator enforces it from the next block on.

use crate::{OPERATORS, plan, seeds, twice};
use alloy_primitives::Address;
use hansa_sim::{League, Load, Warning, checks};
use std::time::Duration;

#[test]
fn a_warned_of_address_is_paid_before_and_after_and_never_between() {
    let target = Address::repeat_byte(0xbd);
    for seed in seeds() {
        let mut refused = Vec::new();
        let warning = || Warning::new(target, 6);
        let warnings = std::sync::Mutex::new(Vec::new());
        twice(seed, || {
            let warning = warning();
            warnings.lock().unwrap().push(warning.clone());
            let load = Load {
                rounds: 2,
                every: Duration::from_millis(100),
                ..Load::default()
            };
            let league = League::new(OPERATORS, load).with_warning(warning);
            plan(league, 40).property(checks::Enforced(target))
        });
        refused.extend(warnings.lock().unwrap().iter().map(Warning::refused));
        assert!(refused.iter().all(|refused| *refused > 0), "{refused:?}");
        assert_eq!(refused[0], refused[1]);
    }
}
