//! The guard over RPC.

use crate::common::{TestServer, chain};
use alloy_primitives::{Address, B256, U256};
use hansa_modules::guard::enforcement;
use serde_json::{Value, json};

/// When the tests' directive ends.
const UNTIL: u64 = 4_000_000_000;

/// Records which slots a lookup reads.
#[derive(Default)]
struct Spy(Vec<U256>);

impl hansa_modules::StorageRead for Spy {
    type Error = std::convert::Infallible;

    fn sload(&mut self, _address: Address, slot: U256) -> Result<U256, Self::Error> {
        self.0.push(slot);
        Ok(U256::ZERO)
    }
}

/// A state in which directive 9 blocks an address.
fn blocking(target: Address) -> Value {
    let mut spy = Spy::default();
    enforcement::any_active(&mut spy, 0).unwrap();
    enforcement::blocked(&mut spy, target, 0).unwrap();
    let slots = json!({
        (B256::from(spy.0[0]).to_string()): B256::from(U256::from(UNTIL)),
        (B256::from(spy.0[1]).to_string()): B256::from(U256::from_limbs([UNTIL, 9, 0, 0])),
    });
    json!({ (hansa_abi::GUARD.to_string()): { "stateDiff": slots } })
}

/// Checks that a method refuses for this target.
async fn refuses(server: &TestServer, method: &str, params: Value, target: Address) {
    let error = server.call(method, params.clone()).await.unwrap_err();
    assert_eq!(error["code"], -32000, "{method} {params}: {error}");
    let words = error["message"].as_str().unwrap();
    assert!(
        words.starts_with("blocked by directive 9 until 4000000000"),
        "{method} {params}: {words}"
    );
    let data = json!({ "address": target, "alertId": "0x9", "until": UNTIL });
    assert_eq!(error["data"], data, "{method} {params}");
}

/// Each method that takes a call, with a call on a state.
fn methods(call: &Value, state: &Value) -> [(&'static str, Value); 4] {
    let given = json!([call, "latest", state]);
    [
        ("eth_estimateGas", given.clone()),
        ("eth_createAccessList", given.clone()),
        ("eth_call", given),
        (
            "debug_traceCall",
            json!([call, "latest", { "tracer": "callTracer", "stateOverrides": state }]),
        ),
    ]
}

fn simulation(call: &Value, state: &Value, validation: bool) -> Value {
    let block = json!({ "stateOverrides": state, "calls": [call] });
    json!([{ "blockStateCalls": [block], "validation": validation }, "latest"])
}

#[tokio::test]
async fn the_guard_says_which_directive_and_until_when() {
    let server = TestServer::new().await;
    let state = blocking(chain::FRIEND);
    let me = chain::signer().address();
    let to_friend =
        json!({ "from": me, "to": chain::FRIEND, "value": "0x1", "maxFeePerGas": "0xffffffffff" });
    let by_friend = json!({ "from": chain::FRIEND, "to": me });
    for call in [&to_friend, &by_friend] {
        for (method, params) in methods(call, &state) {
            refuses(&server, method, params, chain::FRIEND).await;
        }
        let params = simulation(call, &state, true);
        refuses(&server, "eth_simulateV1", params, chain::FRIEND).await;
    }
    let params = simulation(&by_friend, &state, false);
    refuses(&server, "eth_simulateV1", params, chain::FRIEND).await;
    // To it, the call is in the block and fails there.
    let params = simulation(&to_friend, &state, false);
    let call = &server.ok("eth_simulateV1", params).await[0]["calls"][0];
    assert_eq!(call["status"], "0x0", "{call}");
    let words = call["error"]["message"].as_str().unwrap();
    assert!(
        words.contains("is blocked by directive 9 until 4000000000"),
        "{words}"
    );
    // Others are free.
    let free = json!({ "from": me, "to": chain::CONTRACT, "input": "0xff" });
    for (method, params) in methods(&free, &state) {
        server.ok(method, params).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_blocked_contract_can_be_read_and_no_more() {
    let server = TestServer::new().await;
    let target = chain::CONTRACT;
    let state = blocking(target);
    let me = chain::signer().address();
    let read = json!({ "from": me, "to": target, "input": "0x03" });
    let [estimate, list, call, trace] = methods(&read, &state);
    let one = json!(B256::from(U256::from(1)));
    assert_eq!(server.ok(call.0, call.1).await, one);
    assert_eq!(server.ok(trace.0, trace.1).await["output"], one);
    refuses(&server, estimate.0, estimate.1, target).await;
    refuses(&server, list.0, list.1, target).await;
    // Its own errors are told as always.
    let reverts = json!([{ "to": target, "input": "0x01" }, "latest", state]);
    let (code, words) = server.fails("eth_call", reverts).await;
    assert_eq!((code, words.as_str()), (3, "execution reverted: nope"));
    // What would change something, or pay it, is refused; so is what it would do itself.
    for call in [
        json!({ "from": me, "to": target, "input": "0xff" }),
        json!({ "from": me, "to": target, "input": "0x03", "value": "0x1" }),
        json!({ "from": target, "to": target, "input": "0x03" }),
    ] {
        refuses(&server, "eth_call", json!([call, "latest", state]), target).await;
    }
    server.stop().await;
}
