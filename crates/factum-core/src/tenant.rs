//! Whose data it is.

use crate::name::{check_identifier, text_name};
use crate::{Refusal, StoreError};

text_name!(
    /// One tenant: a wall around its streams, tags, claims, command ids and reads.
    ///
    /// At most [`TENANT_BYTES_MAX`](crate::limits::TENANT_BYTES_MAX) bytes of ASCII letters, digits, `.`, `_` and `-`.
    TenantId, "tenant", check_identifier, crate::limits::TENANT_BYTES_MAX
);

impl Default for TenantId {
    /// The tenant of programs that have only one, named `default`.
    fn default() -> Self {
        Self("default".into())
    }
}

/// What a store handle may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantScope {
    /// One tenant's data, to read and to write.
    One(TenantId),
    /// Everything, to read. To write, an operator narrows the handle with
    /// [`EventStore::for_tenant`](crate::EventStore::for_tenant) first.
    All,
}

impl TenantScope {
    /// Whether data of `tenant` is visible.
    pub fn includes(&self, tenant: &TenantId) -> bool {
        match self {
            Self::One(own) => own == tenant,
            Self::All => true,
        }
    }

    /// This scope narrowed to `tenant`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::StoreErrorKind::Invalid) if this is the scope of another tenant.
    pub fn narrowed(&self, tenant: &TenantId) -> Result<Self, StoreError> {
        match self {
            Self::One(own) if own != tenant => {
                let refusal = Refusal::TenantWall { own: own.clone(), asked: tenant.clone() };
                Err(StoreError::refused("narrow handle", &refusal))
            }
            _ => Ok(Self::One(tenant.clone())),
        }
    }

    /// The tenant that writes go to, if the scope names one.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::One(own) => Some(own),
            Self::All => None,
        }
    }
}

impl Default for TenantScope {
    fn default() -> Self {
        Self::One(TenantId::default())
    }
}

impl std::fmt::Display for TenantScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(tenant) => write!(f, "tenant {tenant}"),
            Self::All => f.write_str("all tenants"),
        }
    }
}
