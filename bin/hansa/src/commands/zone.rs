//! `hansa zone`.

use super::{
    league::{self, LogsArgs},
    message::Hub,
    stake::{Names, own_operator},
    zone_committee::{self, CommitteeArgs, RuleArgs},
    zone_end::{self, ExitArgs, FundArgs, StopArgs, phase_words},
    zone_guard::{self, GuardArgs, GuardRuleArgs},
    zone_reseed::{self, ReseedArgs},
    zone_room,
    zone_upgrade::{self, UpgradeArgs},
};
use crate::{
    failure::{Failure, Outcome},
    output::table,
    session::Session,
    transact::{event, outcome_with, place, transact},
    values,
};
use alloy_primitives::{U256, utils::format_ether};
use alloy_rpc_types_eth::TransactionReceipt;
use clap::{Args, FromArgMatches as _, Subcommand};
use hansa_abi::{IMessages, IStaking, IZones, MESSAGES, STAKING, ZONES, phase_name};
use hansa_client::Rpc;
use hansa_primitives::Fork;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often a zone is looked at while a command waits for it.
const POLL: Duration = Duration::from_millis(50);
/// So many serve a zone at least, by the rules of the module.
const MIN_ZONE_SEATS: usize = 4;

#[derive(Debug, Subcommand)]
pub(crate) enum ZoneCommand {
    /// Create a zone: a chain of its own on the league's stake
    #[command(after_help = "\
Its operators are the hub's, and it obeys the hub's directives. Wallets, forge and cast reach it at /zones/NAME of any operator's RPC.
It begins without any ether: `hansa bridge deposit` brings some.

Examples:
  hansa --as member-1 zone create market --chain-id 48571
  hansa --as member-1 zone create grid --chain-id 48572 --interval 50 --min-severity 3 --max-directive 7d")]
    Create(CreateArgs),
    /// Let a part of your operator's stake answer for a zone
    #[command(after_help = "\
Operators serve every zone with a standing share of their stake, 1% at first. A share of its own makes a zone more secure, and a fault there
dearer: it costs that part of what it would cost on the hub. All shares come to 100% at most, were there as many zones as there can be.

Examples:
  hansa --as member-1 zone join market --share 5%
  hansa --as member-1 zone join --standing 0.5%")]
    Join(JoinArgs),
    /// Stop serving a zone, from the next epoch on
    #[command(after_help = "\
Where fewer than four operators have a share in a zone, all of the hub's serve it.

Example:
  hansa --as member-1 zone leave market")]
    Leave(LeaveArgs),
    /// Show a zone: who secures it, what it holds, how far it is
    #[command(
        after_help = "Examples:\n  hansa zone status market\n  hansa zone status market --json"
    )]
    Status(StatusArgs),
    /// Pay into a zone's escrow, which pays its operators
    #[command(after_help = "\
A zone whose escrow is used up closes. Filled up in time, it stays open.

Example:
  hansa --as member-1 zone fund market 20ether")]
    Fund(FundArgs),
    /// Announce the end of a zone: it stops after its time of notice
    #[command(after_help = "\
Its creator can, at any time; anybody can when its escrow is used up. For a zone that has halted see `hansa zone reseed`. From now on
nothing more can be sent to it. When the time is over its operators stop it, and what is left there is paid out on the hub: `hansa zone exit`.

Examples:
  hansa --as member-1 zone stop market
  hansa zone status market")]
    Stop(StopArgs),
    /// Show who serves a zone, or change who may
    #[command(after_help = "\
Of the hub's operators those serve it who give it a share of their stake, the most stake first; among like ones a lot decides, so that zones spread evenly.
Its creator can limit the seats, ask for a least stake of each, and name who may serve, as long before as its time of notice. Where fewer than four fit, others fill up.

Examples:
  hansa zone committee market
  hansa --as member-1 zone committee market --max-seats 7 --min-stake 5ether
  hansa --as member-1 zone committee market --allow operator-1,operator-2,operator-3,operator-4
  hansa --as member-1 zone committee market --allow-all")]
    Committee(CommitteeArgs),
    /// Show whom a zone blocks and never blocks by its own policy, or change that as its warden
    #[command(after_help = "\
Which of the hub's directives a zone obeys, and for how long, is in its terms (`hansa zone upgrade`). Besides, a zone that was created with a warden
has directives of its own, and a list of those that it never blocks: the warden changes both by transactions on the zone, which count from the next block on.

Examples:
  hansa zone guard market
  hansa --as member-1 zone guard market --block 0x00000000000000000000000000000000000000aa --for 12h --reason 'court order 17'
  hansa --as member-1 zone guard market --unblock 0x00000000000000000000000000000000000000aa
  hansa --as member-1 zone guard market --protect 0x00000000000000000000000000000000000000bb
  hansa --as member-1 zone guard market --warden 0x00000000000000000000000000000000000000cc")]
    Guard(GuardArgs),
    /// Announce what a zone's blocks keep to from a time on
    #[command(after_help = "\
Only its creator can. What is not named stays as it is. It is due no sooner than the zone's time of notice allows; until then another upgrade takes its place.
Operators whose version does not know the fork stop serving the zone at that point: tell them in time.

Examples:
  hansa --as member-1 zone upgrade market --gas-limit 60000000
  hansa --as member-1 zone upgrade market --fork osaka --after 14d
  hansa --as member-1 zone upgrade market --cancel")]
    Upgrade(UpgradeArgs),
    /// Take out of a zone that has stopped what an account has there
    #[command(after_help = "\
The hub pays it to the same address, by a proof against the zone's last checkpoint. Anybody can send this for anybody.

Examples:
  hansa --as member-1 zone exit market
  hansa --as member-1 zone exit market --account 0x00000000000000000000000000000000000000aa")]
    Exit(ExitArgs),
    /// Let a zone that has halted go on with the committee that it has now
    #[command(after_help = "\
When the hub has heard nothing of a zone for too long (an hour or its time of notice, whatever is longer), this announces that it counts as halted. Once a whole epoch of the
hub has passed without a newer checkpoint, it lets the zone's present operators go on from the last one. Blocks behind it that the former ones made final, and
told nobody of, are void. Operators who do not serve the zone any more should have left it before: hansa zone leave.

Examples:
  hansa --as member-1 zone reseed market
  hansa --as member-1 zone reseed market --no-wait")]
    Reseed(ReseedArgs),
    /// Print what wallets and chain lists need to know of a zone
    #[command(after_help = "\
By default what wallets take for wallet_addEthereumChain (EIP-3085); with --list the form of https://chainlist.org.

Examples:
  hansa zone chainfile market
  hansa zone chainfile market --list > eip155-48571.json")]
    Chainfile(ChainfileArgs),
    /// Show the operators' logs of a zone
    #[command(after_help = "\
Lines that a zone's tasks wrote, or that are about it.

Examples:
  hansa zone logs market
  hansa zone logs market operator-2 -n 200 --follow")]
    Logs(ZoneLogsArgs),
    /// Show what zones cost a node's machine, and which others it can still take
    #[command(after_help = "\
CORES NOW is what a chain took over the last minute, CORES WHEN FULL what it would take were every block full, by what gas cost this node lately.
It asks the node of the operator that you act as, or the one of --rpc.

Examples:
  hansa zone room
  hansa --rpc http://127.0.0.1:8546 zone room --json")]
    Room,
    /// List the league's zones
    #[command(after_help = "Examples:\n  hansa zone list\n  hansa zone list --json")]
    List,
}

#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// 1 to 32 of a-z, 0-9 and dashes, beginning with a letter
    name: String,
    /// EIP-155 chain id, which no other chain of the league has; https://chainlist.org tells who uses it elsewhere
    #[arg(long)]
    chain_id: u64,
    /// What is paid into its escrow, with its unit; 10ether at least
    #[arg(long, value_parser = values::amount, default_value = "10ether")]
    escrow: U256,
    /// Gas of a block
    #[arg(long, default_value_t = 30_000_000)]
    gas_limit: u64,
    /// The least base fee, wei per gas
    #[arg(long, value_name = "WEI", default_value_t = 1_000_000)]
    min_base_fee: u64,
    /// Least time between two blocks, milliseconds
    #[arg(long, value_name = "MS", default_value_t = 100)]
    interval: u64,
    /// An idle zone makes a block this often, milliseconds
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    heartbeat: u64,
    /// Blocks of an epoch: its operators change at the end of one
    #[arg(long, value_name = "BLOCKS", default_value_t = 600)]
    epoch_blocks: u64,
    /// Directives of alerts below this severity (1 to 4) have no effect there
    #[arg(long, value_name = "SEVERITY", default_value_t = 1)]
    min_severity: u8,
    /// No directive holds there for longer, as in 12h or 30d
    #[arg(long, value_name = "TIME", value_parser = values::duration_s, default_value = "30d")]
    max_directive: u64,
    /// How long before its end its users are told, as in 12h or 30d
    #[arg(long, value_name = "TIME", value_parser = values::duration_s, default_value = "7d")]
    notice: u64,
    /// What its escrow pays its operators each day, with its unit; the escrow has to last for twice the time of notice
    #[arg(long, value_name = "AMOUNT", value_parser = values::amount, default_value = "0wei")]
    rent: U256,
    /// Ethereum's rules: cancun, prague or osaka
    #[arg(long, default_value_t = Fork::NEWEST)]
    fork: Fork,
    #[command(flatten)]
    committee: RuleArgs,
    #[command(flatten)]
    guard: GuardRuleArgs,
    /// Do not wait for its first block
    #[arg(long)]
    no_wait: bool,
}

impl CreateArgs {
    /// As the command line would give them.
    pub(super) fn of(words: &[&str]) -> Outcome<Self> {
        let command = Self::augment_args(clap::Command::new("create").no_binary_name(true));
        let matches = command.try_get_matches_from(words);
        matches
            .and_then(|matches| Self::from_arg_matches(&matches))
            .map_err(|error| Failure::usage(error, "hansa zone create --help"))
    }
}

#[derive(Args, Debug)]
pub(crate) struct JoinArgs {
    /// The zone's name
    #[arg(required_unless_present = "standing", requires = "share")]
    zone: Option<String>,
    /// The part of the stake that answers for it, as in 5%
    #[arg(long, value_name = "SHARE", value_parser = values::share, requires = "zone")]
    share: Option<u16>,
    /// The part for every zone, present or future, that has no share of its own
    #[arg(long, value_name = "SHARE", value_parser = values::share, conflicts_with = "share")]
    standing: Option<u16>,
}

#[derive(Args, Debug)]
pub(crate) struct LeaveArgs {
    /// The zone's name
    zone: String,
}

#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// The zone's name
    zone: String,
}

#[derive(Args, Debug)]
pub(crate) struct ZoneLogsArgs {
    /// The zone's name
    zone: String,
    #[command(flatten)]
    logs: LogsArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ChainfileArgs {
    /// The zone's name
    zone: String,
    /// The form of chain lists
    #[arg(long)]
    list: bool,
}

pub(crate) async fn run(command: &ZoneCommand, session: &Session<'_>) -> Outcome {
    match command {
        ZoneCommand::Create(arguments) => create(arguments, session).await,
        ZoneCommand::Join(arguments) => join(arguments, session).await,
        ZoneCommand::Leave(arguments) => give(&arguments.zone, 0, session).await,
        ZoneCommand::Status(arguments) => status(&arguments.zone, session).await,
        ZoneCommand::Fund(arguments) => zone_end::fund(arguments, session).await,
        ZoneCommand::Stop(arguments) => zone_end::stop(arguments, session).await,
        ZoneCommand::Committee(arguments) => zone_committee::run(arguments, session).await,
        ZoneCommand::Guard(arguments) => zone_guard::run(arguments, session).await,
        ZoneCommand::Upgrade(arguments) => zone_upgrade::run(arguments, session).await,
        ZoneCommand::Exit(arguments) => zone_end::exit(arguments, session).await,
        ZoneCommand::Reseed(arguments) => zone_reseed::run(arguments, session).await,
        ZoneCommand::Chainfile(arguments) => chainfile(arguments, session).await,
        ZoneCommand::Logs(arguments) => {
            let (settings, output) = (session.settings, session.output);
            let zone = Some(arguments.zone.as_str());
            league::logs_of(zone, &arguments.logs, settings, output).await
        }
        ZoneCommand::Room => zone_room::run(session).await,
        ZoneCommand::List => list(session).await,
    }
}

/// Where an operator's RPC answers for a zone.
pub(super) fn zone_rpc(hub: &Rpc, name: &str) -> Outcome<Rpc> {
    Ok(hub.at(&format!("zones/{name}"))?)
}

/// Looks until there is something to see, or until the command's timeout.
pub(super) async fn wait_for<T>(
    session: &Session<'_>,
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> Outcome<T> {
    let patience = Duration::from_secs(session.settings.timeout.value);
    let start = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return Ok(seen);
        }
        if start.elapsed() >= patience {
            return Err(Failure::failed(
                format!("no sign of {what} after {} s", patience.as_secs()),
                "wait longer with --timeout; `hansa logs` shows what the operators do",
            ));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Tells a person how far a command is.
pub(super) fn tell(session: &Session<'_>, text: &str) {
    if !session.output.json {
        league::tell(&format!("  {text}"));
    }
}

async fn create(arguments: &CreateArgs, session: &Session<'_>) -> Outcome {
    let start = Instant::now();
    let hub = session.rpc()?;
    let name = arguments.name.as_str();
    let receipt = register(session, arguments).await?;
    let id = event::<IZones::ZoneCreated>(&receipt).map_or(0, |event| event.zoneId);
    let mut more = json!({
        "zone": id,
        "name": name,
        "chain_id": arguments.chain_id,
    });
    if arguments.no_wait {
        let document = outcome_with(&receipt, more);
        return session.output.result(&document, || {
            format!("zone {id} ({name}) created {}", place(&receipt))
        });
    }
    tell(session, &format!("zone {id} created {}", place(&receipt)));
    let zone = zone_rpc(&hub, name)?;
    let block = first_block(session, &zone, name).await?;
    let ms = start.elapsed().as_millis() as u64;
    if let Value::Object(more) = &mut more {
        more.insert("rpc".into(), zone.url().into());
        more.insert("zone_block".into(), block.into());
        more.insert("elapsed_ms".into(), ms.into());
    }
    let document = outcome_with(&receipt, more);
    session.output.result(&document, || {
        format!(
            "zone {name} runs: block {block} is final, {}.{} s after the command began\nRPC: {}\nit has no ether yet: hansa bridge deposit {name} 1ether",
            ms / 1_000,
            ms % 1_000 / 100,
            zone.url()
        )
    })
}

/// Creates a zone on the hub.
pub(super) async fn register(
    session: &Session<'_>,
    arguments: &CreateArgs,
) -> Outcome<TransactionReceipt> {
    if !arguments.fork.is_known() {
        let known: Vec<_> = Fork::known().map(|fork| fork.to_string()).collect();
        return Err(Failure::usage(
            format!("this version of hansa does not know {}", arguments.fork),
            format!("one of {}; or install a newer version", known.join(", ")),
        ));
    }
    let rule = &arguments.committee;
    let committee = rule
        .rule(&session.rpc()?, zone_committee::everybody())
        .await?;
    let parameters = IZones::Parameters {
        name: arguments.name.clone(),
        chainId: arguments.chain_id,
        epochBlocks: arguments.epoch_blocks,
        noticeSeconds: arguments.notice,
        rentPerDay: arguments.rent,
        committee,
        terms: IZones::Terms {
            gasLimit: arguments.gas_limit,
            minBaseFee: arguments.min_base_fee,
            blockIntervalMs: arguments.interval,
            heartbeatMs: arguments.heartbeat,
            minSeverity: arguments.min_severity,
            maxDirectiveSeconds: arguments.max_directive,
            fork: arguments.fork.number(),
        },
        guard: arguments.guard.rule(),
    };
    let call = IZones::createCall { parameters };
    transact(session, ZONES, &call, arguments.escrow).await
}

/// Waits for a block of a zone that was created, and returns its number.
pub(super) async fn first_block(session: &Session<'_>, zone: &Rpc, name: &str) -> Outcome<u64> {
    let what = format!("zone {name} at {}", zone.url());
    wait_for(session, &what, async || zone.block_number().await.ok()).await?;
    tell(session, &format!("{} answers", zone.url()));
    let block = async || zone.block_number().await.ok().filter(|block| *block > 0);
    wait_for(session, &format!("a block of {name}"), block).await
}

/// All zones of the league.
pub(super) async fn zones(rpc: &Rpc) -> Outcome<Vec<IZones::Zone>> {
    let mut zones = Vec::new();
    loop {
        let call = IZones::zonesCall {
            offset: U256::from(zones.len()),
            limit: U256::MAX,
        };
        let page = rpc.view(ZONES, &call).await?;
        let is_last = page.page.is_empty();
        zones.extend(page.page);
        if is_last || U256::from(zones.len()) >= page.total {
            return Ok(zones);
        }
    }
}

async fn list(session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let zones = zones(&rpc).await?;
    let mut documents = Vec::new();
    let mut rows = Vec::new();
    for zone in &zones {
        let of = &zone.parameters;
        let its = zone_rpc(&rpc, &of.name)?;
        let height = its.block_number().await.ok();
        let lane = IMessages::laneCall { zoneId: zone.id };
        let locked = rpc.view(MESSAGES, &lane).await?.locked;
        documents.push(json!({
            "zone": zone.id,
            "name": of.name,
            "chain_id": of.chainId,
            "created_at": zone.createdAt,
            "locked_wei": locked.to_string(),
            "escrow_wei": zone.escrow.to_string(),
            "phase": phase_name(zone.phase),
            "block": height,
            "rpc": its.url(),
        }));
        rows.push(vec![
            zone.id.to_string(),
            of.name.clone(),
            of.chainId.to_string(),
            height.map_or_else(|| "does not run here".into(), |height| height.to_string()),
            format_ether(locked),
            format_ether(zone.escrow),
            phase_name(zone.phase).to_owned(),
            its.url().to_owned(),
        ]);
    }
    session.output.result(&documents, || {
        if rows.is_empty() {
            return "no zones yet: `hansa zone create --help`".into();
        }
        let head = [
            "ID", "NAME", "CHAIN ID", "BLOCK", "LOCKED", "ESCROW", "PHASE", "RPC",
        ];
        table(&head, &rows)
    })
}

async fn join(arguments: &JoinArgs, session: &Session<'_>) -> Outcome {
    if let (Some(zone), Some(share)) = (&arguments.zone, arguments.share) {
        return give(zone, share, session).await;
    }
    let bps = arguments.standing.unwrap_or_default();
    let call = IStaking::setStandingShareCall { bps };
    let receipt = transact(session, STAKING, &call, U256::ZERO).await?;
    let what = "every zone without a share of its own";
    told(session, &receipt, (what, false))
}

/// Gives a zone a share of the operator's stake.
async fn give(name: &str, bps: u16, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let zone = hub.zone(name).await?;
    let operator = own_operator(session).await?;
    let call = IStaking::zoneShareCall {
        operatorId: operator.id,
        zoneId: zone.id,
    };
    let current = hub.rpc.view(STAKING, &call).await?;
    let call = IStaking::setZoneShareCall {
        zoneId: zone.id,
        bps,
        expectedBps: current.nextBps,
    };
    let receipt = transact(session, STAKING, &call, U256::ZERO).await?;
    let keeps_seat = bps == 0 && others(&hub, zone.id, operator.id).await? < MIN_ZONE_SEATS;
    told(session, &receipt, (name, keeps_seat))
}

/// How many other operators of a zone have something at stake there.
async fn others(hub: &Hub, zone: u64, operator: u64) -> Outcome<usize> {
    let block = hub.rpc.block_number().await?;
    let epoch = IStaking::epochOfCall { blockNumber: block };
    let epoch = hub.rpc.view(STAKING, &epoch).await?.epoch;
    let call = IZones::committeeOfCall {
        zoneId: zone,
        epoch,
    };
    let seats = hub.rpc.view(ZONES, &call).await?.seats;
    let others = seats.iter().filter(|seat| seat.operatorId != operator);
    Ok(others.filter(|seat| !seat.stake.is_zero()).count())
}

/// Tells of a share that changed, and whether the operator has to go on with nothing at stake.
fn told(
    session: &Session<'_>,
    receipt: &TransactionReceipt,
    (what, keeps_seat): (&str, bool),
) -> Outcome {
    let event = event::<IStaking::ZoneShareChanged>(receipt);
    let (operator, bps, epoch) = event.map_or((0, 0, 0), |event| {
        (event.operatorId, event.bps, event.fromEpoch)
    });
    let more = json!({
        "operator": operator,
        "bps": bps,
        "from_epoch": epoch,
        "keeps_seat": keeps_seat,
    });
    session.output.result(&outcome_with(receipt, more), || {
        let words = format!(
            "{} of the stake of operator {operator} answers for {what} from epoch {epoch} on, {}",
            values::show_share(bps),
            place(receipt)
        );
        if keeps_seat {
            format!(
                "{words}\nfewer than {MIN_ZONE_SEATS} others have a share there: until one joins it keeps its seat, with nothing at stake"
            )
        } else {
            words
        }
    })
}

async fn status(name: &str, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let zone = hub.zone(name).await?;
    let block = hub.rpc.block_number().await?;
    let epoch = IStaking::epochOfCall { blockNumber: block };
    let epoch = hub.rpc.view(STAKING, &epoch).await?.epoch;
    let call = IZones::committeeOfCall {
        zoneId: zone.id,
        epoch,
    };
    let mut committee = hub.rpc.view(ZONES, &call).await?.seats;
    // Seats are in the order of keys, which tells nobody anything.
    committee.sort_by_key(|seat| seat.operatorId);
    let lane = IMessages::laneCall { zoneId: zone.id };
    let lane = hub.rpc.view(MESSAGES, &lane).await?;
    let call = IZones::checkpointOfCall { zoneId: zone.id };
    let checkpoint = hub.rpc.view(ZONES, &call).await?;
    let call = IZones::zoneCall { zoneId: zone.id };
    let record = hub.rpc.view(ZONES, &call).await?;
    let now = hub.rpc.time().await?;
    let names = Names::read(&hub.rpc, block).await?;
    let height = zone.rpc.block_number().await.ok();
    let told: Value = hub.rpc.call("hansa_zone", vec![name.into()]).await?;
    let contradiction = &told["contradiction"];
    let stake = committee
        .iter()
        .fold(U256::ZERO, |sum, seat| sum.saturating_add(seat.stake));
    let seats: Vec<_> = committee
        .iter()
        .map(|seat| json!({ "operator": seat.operatorId, "wei": seat.stake.to_string() }))
        .collect();
    let document = json!({
        "zone": zone.id,
        "name": name,
        "chain_id": zone.chain_id,
        "rpc": zone.rpc.url(),
        "block": height,
        "operators": seats,
        "committee_rule": zone_committee::document(&record.parameters.committee),
        "stake_wei": stake.to_string(),
        "answers_wei": checkpoint.answers.to_string(),
        "locked_wei": lane.locked.to_string(),
        "outflow_limit_wei": lane.outflowLimit.to_string(),
        "checkpoint": checkpoint.number,
        "checkpoint_timestamp_ms": checkpoint.timestampMs,
        "contradiction": contradiction,
        "phase": phase_name(record.phase),
        "closes_at": (record.closesAt != 0).then_some(record.closesAt),
        "escrow_wei": record.escrow.to_string(),
        "rent_per_day_wei": record.parameters.rentPerDay.to_string(),
        "notice_seconds": record.parameters.noticeSeconds,
        "terms": zone_upgrade::document(&record.parameters.terms),
        "upgrades_at": (record.upgradesAt != 0).then_some(record.upgradesAt),
        "next_terms": (record.upgradesAt != 0).then(|| zone_upgrade::document(&record.next)),
    });
    session.output.result(&document, || {
        let rows: Vec<_> = committee
            .iter()
            .map(|seat| vec![names.get(seat.operatorId), format_ether(seat.stake)])
            .collect();
        let height = height.map_or_else(
            || "it does not run here".to_owned(),
            |height| format!("block {height}"),
        );
        format!(
            "{name}: zone {}, chain {}, {height}, {}\nholds {} ether, of which {} may leave a day; the hub knows it up to block {}\n{}{}\n{}\n{}\n{}served by {}\n{}",
            zone.id,
            zone.chain_id,
            zone.rpc.url(),
            format_ether(lane.locked),
            format_ether(lane.outflowLimit),
            checkpoint.number,
            contradicted(contradiction),
            security(stake, checkpoint.answers, lane.locked),
            phase_words(&record, now),
            zone_upgrade::words(&record.parameters.terms),
            zone_upgrade::announced(&record, now),
            zone_committee::words(&record.parameters.committee, &names),
            table(&["OPERATOR", "STAKE THAT ANSWERS"], &rows)
        )
    })
}

/// That the node has another history of the zone than the hub; nothing where it has not.
fn contradicted(contradiction: &Value) -> String {
    let word = |of: &str| contradiction[of].as_str().map(str::to_owned);
    let (Some(own), Some(recorded)) = (word("own"), word("recorded")) else {
        return String::new();
    };
    let number = word("number").unwrap_or_default();
    let number = number.trim_start_matches("0x");
    let number = u64::from_str_radix(number, 16).unwrap_or_default();
    format!(
        "block {number} is {own} at this node, and the hub has a checkpoint of {recorded}: believe neither before its operators have compared their blocks\n"
    )
}

/// What stands against what a zone holds.
fn security(stake: U256, answers: U256, holds: U256) -> String {
    let percent = |of: U256| of.saturating_mul(U256::from(100)).checked_div(holds);
    let against = match percent(answers) {
        None => String::new(),
        Some(part) if part.is_zero() => ", less than 1% of what it holds".to_owned(),
        Some(part) => format!(", {part}% of what it holds"),
    };
    format!(
        "{} ether are at stake; operators that make it contradict itself lose {} ether at least{against}",
        format_ether(stake),
        format_ether(answers)
    )
}

async fn chainfile(arguments: &ChainfileArgs, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let zone = hub.zone(&arguments.zone).await?;
    let (name, url) = (&zone.name, zone.rpc.url());
    let currency = json!({ "name": "Ether", "symbol": "ETH", "decimals": 18 });
    let document = if arguments.list {
        json!({
            "name": format!("Hansa {name}"),
            "chain": "HANSA",
            "rpc": [url],
            "faucets": [],
            "nativeCurrency": currency,
            "infoURL": "",
            "shortName": format!("hansa-{name}"),
            "chainId": zone.chain_id,
            "networkId": zone.chain_id,
            "parent": {
                "type": "L2",
                "chain": format!("eip155-{}", hub.rpc.chain_id().await?),
                "bridges": [],
            },
        })
    } else {
        json!({
            "chainId": format!("{:#x}", zone.chain_id),
            "chainName": format!("Hansa {name}"),
            "nativeCurrency": currency,
            "rpcUrls": [url],
        })
    };
    session.output.result(&document, || format!("{document:#}"))
}
