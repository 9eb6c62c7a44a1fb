//! A struct that is one event type.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{DataStruct, DeriveInput};

use crate::attributes::{Codec, Container};
use crate::{enums, facts};

pub(crate) fn expand(
    input: &DeriveInput,
    data: &DataStruct,
    container: &Container,
) -> syn::Result<TokenStream> {
    let Some(name) = &container.single.name else {
        let said = "a struct needs its name in the log: `#[factum(name = \"account.opened\")]`";
        return Err(syn::Error::new_spanned(&input.ident, said));
    };
    let (krate, ident, vis) = (&container.krate, &input.ident, &input.vis);
    let version = container.single.version.unwrap_or(1);
    let codec = container.codec.tokens(krate);
    let rust_name = format!("::{ident}");
    let (encode, decode) = if container.codec == Codec::Protobuf {
        let encode = quote! {
            #krate::codec::encode_message(self, out);
            ::core::result::Result::Ok(())
        };
        (encode, quote!(payload.message()))
    } else {
        (quote!(#krate::codec::encode_value(self, #codec, out)), quote!(payload.value()))
    };
    let facts = facts::ignoring_unused(&facts_of(data, container)?);
    let upcasters = enums::upcasters(container);
    Ok(quote! {
        #[allow(dead_code, reason = "for whoever names the type in a query")]
        impl #ident {
            #[doc = "The event type of this struct."]
            #vis const SPEC: &'static #krate::EventSpec = &#krate::EventSpec::new(
                #name,
                #version,
                #codec,
                ::core::concat!(::core::module_path!(), #rust_name),
            );
        }

        #[automatically_derived]
        impl #krate::Event for #ident {
            fn specs() -> ::std::vec::Vec<&'static #krate::EventSpec> {
                ::std::vec![Self::SPEC]
            }

            fn find(event_type: &str) -> ::core::option::Option<&'static #krate::EventSpec> {
                (event_type == #name).then_some(Self::SPEC)
            }

            fn spec(&self) -> &'static #krate::EventSpec {
                Self::SPEC
            }

            fn encode(
                &self,
                out: &mut ::std::vec::Vec<u8>,
            ) -> ::core::result::Result<(), #krate::codec::EncodeError> {
                #encode
            }

            fn decode(
                event_type: &str,
                payload: #krate::codec::Payload<'_>,
            ) -> ::core::result::Result<Self, #krate::codec::DecodeError> {
                if event_type == #name {
                    #decode
                } else {
                    ::core::result::Result::Err(#krate::codec::DecodeError::unknown_type())
                }
            }

            fn facts(
                &self,
                facts: &mut #krate::Facts,
            ) -> ::core::result::Result<(), #krate::InvalidName> {
                #facts
            }

            fn upcasters() -> #krate::Upcasters {
                #upcasters
            }
        }
    })
}

fn facts_of(data: &DataStruct, container: &Container) -> syn::Result<TokenStream> {
    let mut told = TokenStream::new();
    for (place, field) in data.fields.iter().enumerate() {
        let value = format_ident!("value_{place}");
        let statements = facts::of_field(&container.krate, field, &value)?;
        if !statements.is_empty() {
            let member = field
                .ident
                .as_ref()
                .map_or_else(|| syn::Member::from(place), |it| syn::Member::from(it.clone()));
            told.extend(quote!(let #value = &self.#member; #statements));
        }
    }
    Ok(told)
}
