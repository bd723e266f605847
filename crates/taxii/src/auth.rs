//! Who is asking: HTTP Basic (RFC 7617), which TAXII 2.1 section 8.2.2 says servers should support.
//!
//! Passwords are kept as Argon2 hashes in PHC form. A hash costs tens of milliseconds on purpose, so a
//! password that was right is remembered under a digest keyed with a secret of this process, and the
//! pages of a walk after the first cost one fast hash. A wrong password always costs the full hash, as
//! does an unknown name. Only [`crate::Limits::password_checks`] of them run at a time for members' names, and
//! as many for others: whoever guesses names waits for others who do, not members for them. Whoever
//! guesses the password of a name that exists can hold up the first logins of members, not those that are
//! remembered. Under such load time tells which names exist: names are no secret here.

use crate::{
    catalog::Audience,
    config::{Config, Credential},
    error::TaxiiError,
    problem::Problem,
};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use parking_lot::RwLock;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

/// Hashes a password with Argon2id and a random salt, for [`Credential::password_hash`].
///
/// # Errors
/// [`TaxiiError::Password`] if the system gives no randomness.
pub fn hash_password(password: &str) -> Result<String, TaxiiError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| TaxiiError::Password(error.to_string()))
}

/// Decides who may read what.
pub(crate) struct Gate {
    anonymous_clear: bool,
    hashes: BTreeMap<String, String>,
    /// Digests of name and password pairs that were right: at most one per member, give or take an
    /// Argon2 collision.
    remembered: RwLock<BTreeSet<[u8; 32]>>,
    key: [u8; 32],
    /// For names of members.
    checks: Arc<Semaphore>,
    /// For other names.
    guesses: Arc<Semaphore>,
    patience: Duration,
}

impl Gate {
    /// # Errors
    /// [`TaxiiError::Credential`] if a member's name or hash cannot be used.
    pub(crate) fn new(config: &Config) -> Result<Self, TaxiiError> {
        let mut hashes = BTreeMap::new();
        for Credential {
            member,
            password_hash,
        } in &config.credentials
        {
            let refuse = |why| {
                Err(TaxiiError::Credential {
                    member: member.clone(),
                    why,
                })
            };
            if member.is_empty() || member.contains(':') {
                return refuse("its name is empty or holds a colon, which HTTP Basic cannot carry");
            }
            if PasswordHash::new(password_hash).is_err() {
                return refuse("its password hash is not in PHC form; make one with hash_password");
            }
            if hashes
                .insert(member.clone(), password_hash.clone())
                .is_some()
            {
                return refuse("it is listed twice");
            }
        }
        let checks = || Arc::new(Semaphore::new(config.limits.password_checks.max(1)));
        Ok(Self {
            anonymous_clear: config.anonymous_clear,
            hashes,
            remembered: RwLock::default(),
            key: rand::random(),
            checks: checks(),
            guesses: checks(),
            patience: config.limits.queue_timeout,
        })
    }

    /// The audience that a request's sender belongs to.
    pub(crate) async fn admit(&self, headers: &HeaderMap) -> Result<Audience, Problem> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let (value, more) = (values.next(), values.next().is_some());
        let Some(value) = value else {
            return if self.anonymous_clear {
                Ok(Audience::Public)
            } else {
                Err(Problem::unauthorized(
                    "Send the credentials of a member by HTTP Basic",
                ))
            };
        };
        let Some((name, password)) = basic(value).filter(|_| !more) else {
            return Err(Problem::unauthorized(
                "The Authorization header is not one of HTTP Basic: `Basic ` and the base64 of \
                 `member:password` in UTF-8",
            ));
        };
        if self.is_right(name, password).await? {
            Ok(Audience::Member)
        } else {
            Err(Problem::unauthorized(
                "No member has this name and password",
            ))
        }
    }

    async fn is_right(&self, name: String, password: String) -> Result<bool, Problem> {
        let digest = self.digest(&name, &password);
        if self.remembered.read().contains(&digest) {
            return Ok(true);
        }
        let known = self.hashes.get(&name).cloned();
        // An unknown name costs as much as a known one, so that time does not tell them apart.
        let Some(hash) = known
            .clone()
            .or_else(|| self.hashes.values().next().cloned())
        else {
            return Ok(false);
        };
        let checks = if known.is_some() {
            &self.checks
        } else {
            &self.guesses
        };
        let Ok(Ok(permit)) = timeout(self.patience, Arc::clone(checks).acquire_owned()).await
        else {
            return Err(Problem::busy(
                "More than password_checks logins are under way; try again shortly",
            ));
        };
        let right = spawn_blocking(move || {
            let _permit = permit;
            PasswordHash::new(&hash).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(password.as_bytes(), &hash)
                    .is_ok()
            })
        })
        .await
        .map_err(|_| Problem::internal())?;
        let right = right && known.is_some();
        if right {
            self.remembered.write().insert(digest);
        }
        Ok(right)
    }

    fn digest(&self, name: &str, password: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        // A name holds no colon, so the pair is read back in one way only.
        hasher
            .update(name.as_bytes())
            .update(b":")
            .update(password.as_bytes());
        *hasher.finalize().as_bytes()
    }
}

/// The name and password of a Basic header.
fn basic(value: &HeaderValue) -> Option<(String, String)> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(token.trim()).ok()?).ok()?;
    let (name, password) = pair.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests;
