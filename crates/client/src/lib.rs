//! Talking to a league: JSON-RPC, signing and sending, the exchange's objects.
