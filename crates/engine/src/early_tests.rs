//! What is kept of an epoch before this node enters it.

use crate::early::Early;
use commonware_consensus::types::Epoch;
use commonware_cryptography::Signer as _;
use commonware_p2p::{Message, Receiver as _, utils::mocks::inert_channel, utils::mux::Muxer};
use commonware_runtime::{IoBuf, Runner as _, Supervisor as _, deterministic};
use commonware_utils::channel::mpsc;
use futures::FutureExt as _;
use hansa_primitives::{PrivateKey, PublicKey};

const NEXT: u64 = 4;

fn message(sender: u64, byte: u8) -> Message<PublicKey> {
    let key = PrivateKey::from_seed(sender).public_key();
    (key, IoBuf::from(vec![byte]))
}

/// Runs `check` on what a receiver gives that begins with `kept` and `waiting`, until it has nothing more.
fn replayed(
    kept: Vec<Message<PublicKey>>,
    waiting: Vec<(u64, Message<PublicKey>)>,
    check: impl FnOnce(Vec<Message<PublicKey>>) + Send + 'static,
) {
    deterministic::Runner::default().start(|context| async move {
        let (sender, receiver) = inert_channel::<PublicKey>([]);
        let (muxer, mut subchannels) = Muxer::new(context.child("muxer"), sender, receiver);
        muxer.start();
        let (_, subchannel) = subchannels.register(NEXT).await.unwrap();
        let (others, mut received) = mpsc::channel(64);
        for message in waiting {
            others.try_send(message).unwrap();
        }
        let mut early = Early::default();
        kept.into_iter().for_each(|message| early.keep(message));
        let mut receiver = early.then(&mut received, Epoch::new(NEXT), subchannel);
        let mut all = Vec::new();
        while let Some(message) = receiver.recv().now_or_never() {
            all.push(message.unwrap());
        }
        check(all);
    });
}

#[test]
fn what_came_early_comes_first_and_in_order() {
    let waiting = vec![
        (NEXT, message(2, 3)),
        (NEXT + 1, message(2, 4)),
        (NEXT, message(1, 5)),
    ];
    replayed(vec![message(1, 1), message(2, 2)], waiting, |all| {
        let expected = [(1, 1), (2, 2), (2, 3), (1, 5)];
        assert_eq!(all, expected.map(|(sender, byte)| message(sender, byte)));
    });
}

#[test]
fn what_is_larger_than_anything_of_consensus_is_not_kept() {
    let large = (message(1, 0).0, IoBuf::from(vec![0; 16 * 1024 + 1]));
    replayed(vec![large, message(1, 2)], vec![], |all| {
        assert_eq!(all, [message(1, 2)]);
    });
}

/// One peer cannot fill the memory, nor keep out another.
#[test]
fn of_each_sender_so_much_is_kept() {
    let mut kept: Vec<_> = (0..100).map(|byte| message(1, byte)).collect();
    kept.push(message(2, 7));
    replayed(kept, vec![(NEXT, message(1, 101))], |all| {
        assert_eq!(all.len(), 33);
        assert_eq!(
            all[..32],
            (0..32).map(|byte| message(1, byte)).collect::<Vec<_>>()
        );
        assert_eq!(all[32], message(2, 7));
    });
}
