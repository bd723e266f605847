//! Roles of a member.

use serde::{Deserialize, Serialize};

/// One role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Publishes, endorses and votes.
    Member,
    /// As a member, and may raise provisional alerts alone.
    Sentinel,
    /// Reads and reports sightings; has no weight and no other role.
    Observer,
}

impl Role {
    const ALL: [Self; 3] = [Self::Member, Self::Sentinel, Self::Observer];

    /// The role's bit in a mask.
    pub const fn bit(self) -> u8 {
        match self {
            Self::Member => 1,
            Self::Sentinel => 2,
            Self::Observer => 4,
        }
    }
}

/// A valid set of roles: not empty, and an observer is nothing else. Serialized as a list of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<Role>", try_from = "Vec<Role>")]
pub struct Roles(u8);

/// The set is empty, has unknown bits, or mixes observer with another role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid role mask {0}: use member and/or sentinel, or observer alone")]
pub struct InvalidRoles(pub u8);

impl Roles {
    /// The member role alone.
    pub const MEMBER: Self = Self(Role::Member.bit());
    /// Member and sentinel.
    pub const SENTINEL: Self = Self(Role::Member.bit() | Role::Sentinel.bit());
    /// Observer.
    pub const OBSERVER: Self = Self(Role::Observer.bit());

    /// Checks a mask.
    ///
    /// # Errors
    /// [`InvalidRoles`] as documented there.
    pub const fn from_mask(mask: u8) -> Result<Self, InvalidRoles> {
        match mask {
            1..=4 => Ok(Self(mask)),
            _ => Err(InvalidRoles(mask)),
        }
    }

    /// The mask as the ABI shows it.
    pub const fn mask(self) -> u8 {
        self.0
    }

    /// Whether the set has the role.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }
}

impl From<Roles> for Vec<Role> {
    fn from(roles: Roles) -> Self {
        Role::ALL
            .into_iter()
            .filter(|role| roles.contains(*role))
            .collect()
    }
}

impl TryFrom<Vec<Role>> for Roles {
    type Error = InvalidRoles;

    fn try_from(roles: Vec<Role>) -> Result<Self, InvalidRoles> {
        Self::from_mask(roles.into_iter().fold(0, |mask, role| mask | role.bit()))
    }
}
