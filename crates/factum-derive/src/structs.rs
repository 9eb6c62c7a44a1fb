//! A struct that is one event type.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataStruct, DeriveInput};

use crate::attributes::{Codec, Container};
use crate::errors::Errors;
use crate::facts::{self, Told};

pub(crate) fn expand(
    input: &DeriveInput,
    data: &DataStruct,
    container: &Container,
    errors: &mut Errors,
) -> TokenStream {
    let told = facts::of_fields(&container.krate, &data.fields, errors);
    let tags = told.tags(&container.krate, &container.single.also_tagged);
    let facts = facts_of(told);
    let Some(name) = &container.single.name else {
        // A name that is wrong is no name that is missing.
        if errors.is_empty() {
            let said = "a struct needs its name in the log: `#[factum(name = \"account.opened\")]`";
            errors.add(syn::Error::new_spanned(&input.ident, said));
        }
        return TokenStream::new();
    };
    let (krate, ident, vis) = (&container.krate, &input.ident, &input.vis);
    let version = container.single.version.unwrap_or(1);
    let codec = container.single.codec.unwrap_or_default();
    let is_message = codec == Codec::Protobuf;
    let codec = codec.tokens(krate);
    let rust_name = format!("::{ident}");
    let (encode, decode) = if is_message {
        let encode = quote! {
            #krate::codec::encode_message(self, out);
            ::core::result::Result::Ok(())
        };
        (encode, quote!(payload.message()))
    } else if matches!(data.fields, syn::Fields::Unit) {
        let encode = quote!(#krate::codec::encode_nothing(#codec, out));
        (encode, quote!(payload.nothing().map(|()| Self)))
    } else {
        (quote!(#krate::codec::encode_value(self, #codec, out)), quote!(payload.value()))
    };
    let upcasters = container.upcasters();
    quote! {
        #[allow(dead_code, reason = "for whoever names the type in a query")]
        impl #ident {
            #[doc = "The event type of this struct."]
            #vis const SPEC: &'static #krate::EventSpec = &#krate::EventSpec::new(
                #name,
                #version,
                #codec,
                ::core::concat!(::core::module_path!(), #rust_name),
            )
            #tags;
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
                ::core::result::Result::Ok(())
            }

            fn upcasters() -> #krate::Upcasters {
                #upcasters
            }
        }
    }
}

fn facts_of(told: Told) -> TokenStream {
    if told.statements.is_empty() {
        return quote!(let _ = facts;);
    }
    let (bound, statements) = (told.bound, told.statements);
    quote!(let Self { #bound .. } = self; #statements)
}
