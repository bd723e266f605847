//! `hansa account`.

use crate::{
    failure::Outcome,
    output::table,
    session::Session,
    transact::{outcome, place},
    values,
};
use alloy_primitives::{Address, Bytes, U256, utils::format_ether};
use clap::{Args, Subcommand};
use hansa_client::Call;
use serde_json::json;

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Print a balance
    #[command(after_help = "\
Examples:
  hansa account balance 0x90F79bf6EB2c4f870365E785982E1f101E93b906
  hansa --as member-1 account balance")]
    Balance(AddressArgs),
    /// Print the next nonce
    #[command(after_help = "Example:\n  hansa --as member-1 account nonce")]
    Nonce(AddressArgs),
    /// Send ether, or call a contract
    #[command(after_help = "\
Examples:
  hansa --as member-1 account send 0x90F79bf6EB2c4f870365E785982E1f101E93b906 1.5ether
  hansa --as member-1 account send 0x90F79bf6EB2c4f870365E785982E1f101E93b906 0 --data 0xd0e30db0")]
    Send(SendArgs),
    /// List the local league's accounts and members with their balances
    #[command(after_help = "Example:\n  hansa --dir .hansa account list")]
    List,
}

#[derive(Args, Debug)]
pub(crate) struct AddressArgs {
    /// Whose; your own by default
    address: Option<Address>,
}

#[derive(Args, Debug)]
pub(crate) struct SendArgs {
    /// To whom
    to: Address,
    /// How much, with its unit: 1.5ether, 20gwei, 100wei; or 0
    #[arg(value_parser = values::amount)]
    amount: U256,
    /// Input of the call, hex
    #[arg(long, value_name = "HEX", default_value = "0x")]
    data: Bytes,
}

pub(crate) async fn run(command: &AccountCommand, session: &Session<'_>) -> Outcome {
    match command {
        AccountCommand::Balance(arguments) => {
            let address = session.address_or_own(arguments.address)?;
            let balance = session.rpc()?.balance(address).await?;
            let document = json!({"address": address, "wei": balance.to_string()});
            session
                .output
                .result(&document, || format!("{} ether", format_ether(balance)))
        }
        AccountCommand::Nonce(arguments) => {
            let address = session.address_or_own(arguments.address)?;
            let rpc = session.rpc()?;
            let latest = rpc.nonce(address, "latest").await?;
            let pending = rpc.nonce(address, "pending").await?;
            let document = json!({"address": address, "latest": latest, "pending": pending});
            session.output.result(&document, || {
                if pending > latest {
                    format!("{latest} ({} waiting in the pool)", pending - latest)
                } else {
                    latest.to_string()
                }
            })
        }
        AccountCommand::Send(arguments) => {
            let call = Call {
                to: Some(arguments.to),
                value: arguments.amount,
                input: arguments.data.clone(),
                gas: None,
            };
            let receipt = session.sender(None).await?.send(call).await?;
            session.output.result(&outcome(&receipt), || {
                let amount = format_ether(arguments.amount);
                format!(
                    "sent {amount} ether to {} {}",
                    arguments.to,
                    place(&receipt)
                )
            })
        }
        AccountCommand::List => list(session).await,
    }
}

async fn list(session: &Session<'_>) -> Outcome {
    let league = session.league()?;
    let rpc = session.rpc()?;
    let members = league
        .members
        .iter()
        .map(|member| (&*member.name, member.address));
    let accounts = league.accounts.iter().map(|account| ("", account.address));
    let all: Vec<(&str, Address)> = members.chain(accounts).collect();
    let calls: Vec<_> = all
        .iter()
        .map(|(_, address)| vec![json!(address), json!("latest")])
        .collect();
    let balances = rpc.batch::<U256>("eth_getBalance", &calls).await?;
    let balances = balances.into_iter().collect::<Result<Vec<_>, _>>()?;
    let rows: Vec<_> = all.iter().zip(balances).collect();
    let document: Vec<_> = rows
        .iter()
        .map(|((name, address), balance)| {
            let member = (!name.is_empty()).then_some(name);
            json!({"member": member, "address": address, "wei": balance.to_string()})
        })
        .collect();
    session.output.result(&document, || {
        let row = |((name, address), balance): &(&(&str, Address), U256)| {
            let name = if name.is_empty() { "-" } else { name };
            vec![address.to_string(), name.to_owned(), format_ether(*balance)]
        };
        table(
            &["ADDRESS", "MEMBER", "ETHER"],
            &rows.iter().map(row).collect::<Vec<_>>(),
        )
    })
}
