//! `hansa member`.

use crate::{
    failure::{Failure, Outcome},
    output::{part, table},
    session::Session,
    transact::{event, outcome_with, place, transact},
    values,
};
use alloy_primitives::{Address, B256, U256};
use alloy_rpc_types_eth::TransactionReceipt;
use clap::{Args, Subcommand, ValueEnum};
use hansa_abi::{IMembers, MEMBERS};
use serde_json::{Value, json};

/// Members on one page (the module's own limit).
const PAGE: u64 = 64;

#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// List the members
    #[command(after_help = "Example:\n  hansa member list")]
    List,
    /// Show one member
    #[command(after_help = "Example:\n  hansa --as member-1 member show")]
    Show(ShowArgs),
    /// List the proposals
    #[command(after_help = "Example:\n  hansa member proposals --all")]
    Proposals(ProposalsArgs),
    /// Propose to admit an organisation
    #[command(after_help = "\
Example:
  hansa --as member-1 member nominate 0x90F79bf6EB2c4f870365E785982E1f101E93b906 \\
    --name \"Hospital of Lübeck\" --contact soc@example.org --key 0x5f1e...")]
    Nominate(NominateArgs),
    /// Approve a proposal
    #[command(
        visible_alias = "vote",
        after_help = "Example:\n  hansa --as member-2 member approve 3"
    )]
    Approve(ApproveArgs),
    /// Propose to suspend a member
    #[command(after_help = "\
Example:
  hansa --as member-1 member suspend 0x90F79bf6EB2c4f870365E785982E1f101E93b906 --reason \"key stolen\"")]
    Suspend(ReasonArgs),
    /// Propose to reinstate a suspended member
    #[command(after_help = "\
Example:
  hansa --as member-1 member reinstate 0x90F79bf6EB2c4f870365E785982E1f101E93b906")]
    Reinstate(ReasonArgs),
    /// Propose other roles and another weight for a member
    #[command(after_help = "\
Example:
  hansa --as member-1 member roles 0x90F79bf6EB2c4f870365E785982E1f101E93b906 --role member,sentinel")]
    Roles(RolesArgs),
    /// Change your own name, contact or X25519 key
    #[command(
        after_help = "Example:\n  hansa --as member-1 member update --contact soc@example.org"
    )]
    Update(UpdateArgs),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Role {
    Member,
    Sentinel,
    Observer,
}

#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// Whom; yourself by default
    address: Option<Address>,
}

#[derive(Args, Debug)]
pub(crate) struct ProposalsArgs {
    /// Closed ones too
    #[arg(long)]
    all: bool,
}

#[derive(Args, Debug)]
struct Seat {
    /// Roles, by commas
    #[arg(long = "role", value_delimiter = ',', default_value = "member")]
    roles: Vec<Role>,
    /// Voting weight; by default 1, and 0 for observers
    #[arg(long)]
    weight: Option<u32>,
}

impl Seat {
    fn mask(&self) -> u8 {
        let bit = |role: &Role| match role {
            Role::Member => 1,
            Role::Sentinel => 2,
            Role::Observer => 4,
        };
        self.roles.iter().map(bit).fold(0, |mask, bit| mask | bit)
    }

    fn weight(&self) -> u32 {
        let usual = u32::from(!self.roles.contains(&Role::Observer));
        self.weight.unwrap_or(usual)
    }
}

#[derive(Args, Debug)]
pub(crate) struct NominateArgs {
    /// The organisation's account
    address: Address,
    /// Its name
    #[arg(long)]
    name: String,
    /// Where it is reached
    #[arg(long, default_value = "")]
    contact: String,
    /// Its X25519 public key, to encrypt to it
    #[arg(long, value_name = "HEX")]
    key: B256,
    #[command(flatten)]
    seat: Seat,
}

#[derive(Args, Debug)]
pub(crate) struct ApproveArgs {
    /// The proposal
    proposal: u64,
}

#[derive(Args, Debug)]
pub(crate) struct ReasonArgs {
    /// The member
    address: Address,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
}

#[derive(Args, Debug)]
pub(crate) struct RolesArgs {
    /// The member
    address: Address,
    #[command(flatten)]
    seat: Seat,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub(crate) struct UpdateArgs {
    /// New name
    #[arg(long)]
    name: Option<String>,
    /// New contact
    #[arg(long)]
    contact: Option<String>,
    /// New X25519 public key
    #[arg(long, value_name = "HEX")]
    key: Option<B256>,
}

pub(crate) async fn run(command: &MemberCommand, session: &Session<'_>) -> Outcome {
    match command {
        MemberCommand::List => list(session).await,
        MemberCommand::Show(arguments) => show(session, arguments.address).await,
        MemberCommand::Proposals(arguments) => proposals(session, arguments.all).await,
        MemberCommand::Nominate(arguments) => {
            let call = IMembers::nominateCall {
                subject: arguments.address,
                name: arguments.name.clone(),
                contact: arguments.contact.clone(),
                x25519: arguments.key,
                roles: arguments.seat.mask(),
                weight: arguments.seat.weight(),
            };
            proposed(
                session,
                &transact(session, MEMBERS, &call, U256::ZERO).await?,
            )
        }
        MemberCommand::Suspend(arguments) => {
            let call = IMembers::proposeSuspensionCall {
                subject: arguments.address,
                reason: arguments.reason.clone(),
            };
            proposed(
                session,
                &transact(session, MEMBERS, &call, U256::ZERO).await?,
            )
        }
        MemberCommand::Reinstate(arguments) => {
            let call = IMembers::proposeReinstatementCall {
                subject: arguments.address,
                reason: arguments.reason.clone(),
            };
            proposed(
                session,
                &transact(session, MEMBERS, &call, U256::ZERO).await?,
            )
        }
        MemberCommand::Roles(arguments) => {
            let call = IMembers::proposeRolesCall {
                subject: arguments.address,
                roles: arguments.seat.mask(),
                weight: arguments.seat.weight(),
            };
            proposed(
                session,
                &transact(session, MEMBERS, &call, U256::ZERO).await?,
            )
        }
        MemberCommand::Approve(arguments) => {
            let call = IMembers::approveCall {
                proposalId: U256::from(arguments.proposal),
            };
            proposed(
                session,
                &transact(session, MEMBERS, &call, U256::ZERO).await?,
            )
        }
        MemberCommand::Update(arguments) => update(session, arguments).await,
    }
}

/// What a proposal or an approval came to.
fn proposed(session: &Session<'_>, receipt: &TransactionReceipt) -> Outcome {
    let opened = event::<IMembers::ProposalOpened>(receipt).map(|event| event.proposalId);
    let approved = event::<IMembers::ProposalApproved>(receipt);
    // A vote that is repeated settles what the weights of now suffice for, and opens and approves nothing.
    let passed = event::<IMembers::ProposalPassed>(receipt).map(|event| event.proposalId);
    let id = opened
        .or(approved.as_ref().map(|event| event.proposalId))
        .or(passed);
    let id = id.unwrap_or_default().to_string();
    let passed = passed.is_some();
    let (approvals, total) = approved.map_or((0, 0), |event| (event.approvals, event.total));
    let more = json!({"proposal": id, "passed": passed, "approvals": approvals, "total": total});
    session.output.result(&outcome_with(receipt, more), || {
        let place = place(receipt);
        if passed {
            return format!("proposal {id} passed {place}");
        }
        format!(
            "proposal {id} is open: {approvals} of {total} approve, more than half is needed; {place}\n\
             next: hansa --as <another member> member approve {id}"
        )
    })
}

async fn update(session: &Session<'_>, arguments: &UpdateArgs) -> Outcome {
    let receipt =
        if let (None, None, Some(key)) = (&arguments.name, &arguments.contact, arguments.key) {
            let call = IMembers::updateKeyCall { x25519: key };
            transact(session, MEMBERS, &call, U256::ZERO).await?
        } else {
            let own = session.address_or_own(None)?;
            let current = IMembers::memberCall { account: own };
            let current = session.rpc()?.view(MEMBERS, &current).await?;
            let call = IMembers::updateProfileCall {
                name: arguments.name.clone().unwrap_or(current.name),
                contact: arguments.contact.clone().unwrap_or(current.contact),
                x25519: arguments.key.unwrap_or(current.x25519),
            };
            transact(session, MEMBERS, &call, U256::ZERO).await?
        };
    let document = outcome_with(&receipt, json!({}));
    session
        .output
        .result(&document, || format!("profile changed {}", place(&receipt)))
}

fn document(member: &IMembers::Member) -> Value {
    json!({
        "address": member.account,
        "name": member.name,
        "contact": member.contact,
        "status": status(member.status),
        "roles": values::show_roles(member.roles),
        "weight": member.weight,
        "since": member.since,
        "x25519": member.x25519,
    })
}

const fn status(status: IMembers::Status) -> &'static str {
    match status {
        IMembers::Status::Active => "active",
        IMembers::Status::Suspended => "suspended",
        _ => "none",
    }
}

async fn list(session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let mut members = Vec::new();
    loop {
        let call = IMembers::membersCall {
            offset: U256::from(members.len()),
            limit: U256::from(PAGE),
        };
        let page = rpc.view(MEMBERS, &call).await?;
        let empty = page.page.is_empty();
        members.extend(page.page);
        if empty || U256::from(members.len()) >= page.total {
            break;
        }
    }
    let documents: Vec<_> = members.iter().map(document).collect();
    session.output.result(&documents, || {
        let row = |member: &IMembers::Member| {
            vec![
                member.account.to_string(),
                status(member.status).to_owned(),
                values::show_roles(member.roles),
                member.weight.to_string(),
                member.name.clone(),
            ]
        };
        table(
            &["ADDRESS", "STATUS", "ROLES", "WEIGHT", "NAME"],
            &members.iter().map(row).collect::<Vec<_>>(),
        )
    })
}

async fn show(session: &Session<'_>, address: Option<Address>) -> Outcome {
    let account = session.address_or_own(address)?;
    let call = IMembers::memberCall { account };
    let member = session.rpc()?.view(MEMBERS, &call).await?;
    if member.status == IMembers::Status::None {
        return Err(Failure::failed(
            format!("{account} is no member"),
            "see who is: `hansa member list`",
        ));
    }
    session.output.result(&document(&member), || {
        let rows = [
            ("address", member.account.to_string()),
            ("name", member.name.clone()),
            ("contact", member.contact.clone()),
            ("status", status(member.status).to_owned()),
            ("roles", values::show_roles(member.roles)),
            ("weight", member.weight.to_string()),
            ("since", values::show_s(member.since)),
            ("x25519", member.x25519.to_string()),
        ];
        let lines = rows.map(|(name, value)| format!("{name:8} {}", part(&value)));
        lines.join("\n")
    })
}

async fn proposals(session: &Session<'_>, all: bool) -> Outcome {
    let rpc = session.rpc()?;
    let count = rpc.view(MEMBERS, &IMembers::proposalCountCall {}).await?;
    let count: u64 = count.saturating_to();
    let calls: Vec<_> = (1..=count)
        .map(|id| IMembers::proposalCall {
            proposalId: U256::from(id),
        })
        .collect();
    let mut proposals = rpc.views(MEMBERS, &calls).await?;
    proposals.retain(|proposal| all || proposal.state == IMembers::ProposalState::Open);
    let lower = |words: String| words.to_ascii_lowercase();
    let documents: Vec<_> = proposals
        .iter()
        .map(|proposal| {
            json!({
                "id": proposal.id.to_string(),
                "kind": lower(format!("{:?}", proposal.kind)),
                "state": lower(format!("{:?}", proposal.state)),
                "subject": proposal.subject,
                "proposer": proposal.proposer,
                "roles": values::show_roles(proposal.roles),
                "weight": proposal.weight,
                "expiry": proposal.expiry,
                "approvals": proposal.approvals,
                "total": proposal.total,
                "reason": proposal.reason,
            })
        })
        .collect();
    session.output.result(&documents, || {
        let row = |proposal: &IMembers::Proposal| {
            vec![
                proposal.id.to_string(),
                lower(format!("{:?}", proposal.kind)),
                lower(format!("{:?}", proposal.state)),
                proposal.subject.to_string(),
                format!("{} of {}", proposal.approvals, proposal.total),
                values::show_s(proposal.expiry),
                proposal.reason.clone(),
            ]
        };
        table(
            &[
                "ID", "KIND", "STATE", "SUBJECT", "APPROVE", "UNTIL", "REASON",
            ],
            &proposals.iter().map(row).collect::<Vec<_>>(),
        )
    })
}
