//! `#[derive(Event)]`: the variants of an enum become event types.
//!
//! # Examples
//!
//! ```
//! # use factum_core as factum;
//! use factum::Event;
//! # use factum_derive::Event;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
//! # #[factum(crate = "factum_core")]
//! enum AccountEvent {
//!     Opened {
//!         #[factum(tag)]
//!         account: String,
//!         #[factum(claim = "email")]
//!         email: String,
//!     },
//!     #[factum(version = 2)]
//!     Deposited { amount: u64 },
//!     #[factum(name = "account.shut-down")]
//!     Closed,
//! }
//! # use factum_core::Upcasters;
//!
//! let deposited = AccountEvent::Deposited { amount: 7 };
//! assert_eq!(deposited.spec().event_type().as_str(), "account.deposited");
//! assert_eq!(AccountEvent::CLOSED.event_type().as_str(), "account.shut-down");
//!
//! let mut payload = Vec::new();
//! deposited.encode(&mut payload)?;
//! assert_eq!(payload, br#"{"amount":7}"#, "the name stands in the envelope");
//! # Ok::<(), factum_core::codec::EncodeError>(())
//! ```
//!
//! # Names
//!
//! A variant's name in the log is `context.variant`: the enum's name without `Event` at its end,
//! and the variant's, both in kebab-case. `LoanRequestEvent::CreditChecked` is
//! `loan-request.credit-checked`. For each variant there is a constant of its [`EventSpec`], such
//! as `LoanRequestEvent::CREDIT_CHECKED`, to name the type in a query.
//!
//! # Attributes
//!
//! | on | `#[factum(..)]` | means |
//! |---|---|---|
//! | enum | `context = "account"` | the first part of the names |
//! | enum, variant, struct | `codec = "json"`, `"cbor"`, `"protobuf"` | how payloads are encoded; JSON unless said |
//! | enum, struct | `upcasters = path` | a `fn() -> Upcasters` from older shapes to these |
//! | enum | `union` | every variant holds the events of another context |
//! | enum, struct | `crate = "path"` | where Factum is; `factum` unless said |
//! | variant, struct | `name = "account.opened"` | the whole name; a struct needs it |
//! | variant, struct | `version = 2` | the version of the current shape; 1 unless said |
//! | field | `tag`, `tag = "course"` | the field is a tag, under its own name or another |
//! | field | `claim = "email"`, `release = "email"` | takes, gives back a unique value, normalised |
//! | field | `exact` | beside `claim` or `release`: not normalised |
//! | field of a newtype variant | `inner` | tags and claims stand in the inner type, an event too |
//!
//! Tags and claims of an `Option` or a `Vec` are none or several.
//!
//! Payloads in JSON and CBOR are written by serde, so the type derives `Serialize` and
//! `Deserialize` as well; serde's field attributes count. A variant with the codec `protobuf` holds
//! one `prost` message and needs neither; beside others, mark it `#[serde(skip)]`.
//!
//! A union needs nothing but its variants, and brings conversions from its parts:
//! `#[derive(Event)] #[factum(union)] enum BankEvent { Account(AccountEvent), Loan(LoanEvent) }`.
//!
//! [`EventSpec`]: https://docs.rs/factum-core

mod attributes;
mod enums;
mod facts;
mod names;
mod structs;
mod unions;

use proc_macro::TokenStream;
use syn::{Data, DeriveInput, parse_macro_input};

/// Makes an enum's variants, or a struct, event types; see the [crate](crate).
#[proc_macro_derive(Event, attributes(factum))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    if !input.generics.params.is_empty() {
        let said = "an event has no type parameters: its shape is stored for good";
        return Err(syn::Error::new_spanned(&input.generics, said));
    }
    let container = attributes::Container::parse(input)?;
    match &input.data {
        Data::Enum(data) if data.variants.is_empty() => {
            let said = "expected at least one variant: each is an event type";
            Err(syn::Error::new_spanned(&input.ident, said))
        }
        Data::Enum(data) if container.union => unions::expand(input, data, &container),
        Data::Enum(data) => enums::expand(input, data, &container),
        Data::Struct(data) => structs::expand(input, data, &container),
        Data::Union(_) => {
            let said = "expected an enum whose variants are event types, or a struct that is one";
            Err(syn::Error::new_spanned(&input.ident, said))
        }
    }
}
