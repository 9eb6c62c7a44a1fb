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
//! as `LoanRequestEvent::CREDIT_CHECKED`, to name the type in a query. A struct's is `SPEC`; a
//! variant that is all capitals, such as `KYC`, has `KYC_SPEC`.
//!
//! # Attributes
//!
//! | on | `#[factum(..)]` | means |
//! |---|---|---|
//! | enum | `context = "account"` | the first part of the names |
//! | enum, variant, struct | `codec = "cbor"` | the encoding: `json` unless said, or `protobuf` |
//! | enum, struct | `upcasters = path` | a `fn() -> Upcasters` from older shapes to these |
//! | enum | `union` | every variant holds the events of another context |
//! | enum, struct | `crate = "path"` | where Factum is; `factum` unless said |
//! | variant, struct | `name = "account.opened"` | the whole name; a struct needs it |
//! | variant, struct | `version = 2` | the version of the current shape; 1 unless said |
//! | enum, variant, struct | `also_tagged = "course"` | something else puts such a tag on the events, such as an import or an older program |
//! | field | `tag`, `tag = "course"` | the field is a tag, under its own name or another |
//! | field | `claim = "email"`, `release = "email"` | takes, gives back a value, normalised |
//! | field | `exact` | beside `claim` or `release`: not normalised |
//! | field of a newtype variant | `inner` | tags and claims stand in the inner type, an event |
//!
//! Tags and claims of an `Option` or a `Vec` are none or several. A field may have several tags and
//! claims; what is released comes before what is taken.
//!
//! Payloads in JSON and CBOR are written by serde, so the type derives `Serialize` and
//! `Deserialize` as well; serde's field attributes count. A variant with the codec `protobuf` holds
//! one `prost` message and needs neither; beside others, mark it `#[serde(skip)]`. A struct with
//! that codec is such a message itself.
//!
//! A union needs nothing but its variants, and brings conversions from its parts:
//! `#[derive(Event)] #[factum(union)] enum BankEvent { Account(AccountEvent), Loan(LoanEvent) }`.
//!
//! [`EventSpec`]: https://docs.rs/factum-core

mod attributes;
mod enums;
mod errors;
mod facts;
mod keys;
mod names;
mod serde;
mod structs;
mod unions;

use proc_macro::TokenStream;
use syn::{Data, DeriveInput, parse_macro_input};

use crate::attributes::Container;
use crate::errors::Errors;

/// Makes an enum's variants, or a struct, event types; see the [crate].
#[proc_macro_derive(Event, attributes(factum))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let mut errors = Errors::default();
    if !input.generics.params.is_empty() {
        let said = "an event has no parameters, its shape is stored for good: write the types out";
        errors.add(syn::Error::new_spanned(&input.generics, said));
    }
    let container = Container::parse(input, &mut errors);
    let made = match &input.data {
        Data::Enum(data) if data.variants.is_empty() => {
            let said = "expected at least one variant: each is an event type";
            errors.add(syn::Error::new_spanned(&input.ident, said));
            proc_macro2::TokenStream::new()
        }
        Data::Enum(data) if container.union => unions::expand(input, data, &container, &mut errors),
        Data::Enum(data) => enums::expand(input, data, &container, &mut errors),
        Data::Struct(data) => structs::expand(input, data, &container, &mut errors),
        Data::Union(data) => {
            let said = "expected an enum whose variants are event types, or a struct that is one";
            errors.add(syn::Error::new_spanned(data.union_token, said));
            proc_macro2::TokenStream::new()
        }
    };
    errors.finish()?;
    Ok(made)
}
