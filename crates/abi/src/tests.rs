use crate::{
    GUARD, IExchange, IGuard, IMembers, IMessages, IModule, IStaking, IZones, MODULES,
    describe_error, is_module_address, module_at,
};
use alloy_primitives::{U256, address, keccak256};
use alloy_sol_types::{SolCall, SolError, SolEvent, SolInterface};

#[test]
fn addresses_spell_hansa_and_the_number() {
    assert_eq!(GUARD, address!("48414e5341000000000000000000000000000005"));
    for module in &MODULES {
        assert!(is_module_address(&module.address));
        assert_eq!(module.address[19], module.number);
        assert_eq!(module_at(&module.address), Some(module));
    }
    assert!(!is_module_address(&address!(
        "48414e5341000000000000000000000000010005"
    )));
    assert!(!is_module_address(&address!(
        "48414e5342000000000000000000000000000005"
    )));
    assert_eq!(
        module_at(&address!("48414e5341000000000000000000000000000099")),
        None
    );
}

/// Signatures that clients rely on; a change here is a change of the public ABI.
#[test]
fn signatures_are_the_published_ones() {
    let publish = "publish((bytes16,string,uint64,uint8,bytes)[])";
    assert_eq!(IExchange::publishCall::SIGNATURE, publish);
    assert_eq!(IExchange::publishCall::SELECTOR, keccak256(publish)[..4]);
    assert_eq!(
        IExchange::ObjectPublished::SIGNATURE,
        "ObjectPublished(bytes32,address,uint64,bytes16,string,uint8,bytes32,bytes)"
    );
    let raise = "raise((address[],uint8,uint8,uint64,bytes32,string))";
    assert_eq!(IGuard::raiseCall::SIGNATURE, raise);
    assert_eq!(
        IStaking::registerCall::SIGNATURE,
        "register(bytes32,bytes,address,uint16,string,string,string)"
    );
    let delegate = "delegate(uint64,(uint16,uint16,uint16))";
    assert_eq!(IStaking::delegateCall::SIGNATURE, delegate);
    assert_eq!(
        IStaking::submitEvidenceCall::SIGNATURE,
        "submitEvidence(uint8,bytes)"
    );
    assert_eq!(
        IMembers::nominateCall::SIGNATURE,
        "nominate(address,string,string,bytes32,uint8,uint32)"
    );
}

/// Every module shares one address space of selectors with nobody, but within it they must differ.
#[test]
fn selectors_within_a_module_are_distinct() {
    fn check<I: SolInterface>() {
        let mut selectors: Vec<_> = I::selectors().collect();
        let count = selectors.len();
        selectors.sort_unstable();
        selectors.dedup();
        assert_eq!((selectors.len(), count), (I::COUNT, I::COUNT));
    }
    check::<IMembers::IMembersCalls>();
    check::<IExchange::IExchangeCalls>();
    check::<IGuard::IGuardCalls>();
    check::<IStaking::IStakingCalls>();
    check::<IZones::IZonesCalls>();
    check::<IMessages::IMessagesCalls>();
}

#[test]
fn errors_are_described() {
    let length = U256::from(129);
    let error = IModule::TooLong {
        field: "name".into(),
        length,
        limit: U256::from(128),
    };
    let expected = r#"TooLong { field: "name", length: 129, limit: 128 }"#;
    assert_eq!(describe_error(&error.abi_encode()).unwrap(), expected);
    let error = IGuard::Blocked {
        target: GUARD,
        alertId: U256::from(7),
        until: 9,
    };
    let expected =
        "Blocked { target: 0x48414e5341000000000000000000000000000005, alertId: 7, until: 9 }";
    assert_eq!(describe_error(&error.abi_encode()).unwrap(), expected);
    let error = IMembers::WrongStatus {
        account: GUARD,
        status: IMembers::Status::Suspended,
    };
    assert!(
        describe_error(&error.abi_encode())
            .unwrap()
            .contains("status: Suspended")
    );
    assert_eq!(
        describe_error(&IMembers::NoWeightLeft {}.abi_encode()).unwrap(),
        "NoWeightLeft"
    );
    assert_eq!(describe_error(&[]), None);
    assert_eq!(describe_error(&[1, 2, 3, 4, 5]), None);
}
