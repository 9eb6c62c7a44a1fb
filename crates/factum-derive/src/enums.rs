//! An enum whose variants are event types of its own.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataEnum, DeriveInput, Fields, Ident, Variant};

use crate::attributes::{Codec, Container, Single};
use crate::errors::Errors;
use crate::facts::{self, Told};
use crate::{names, serde};

/// One variant, as it is written out.
struct Typed<'a> {
    variant: &'a Variant,
    name: String,
    /// What serde calls it.
    serde_name: String,
    version: u32,
    codec: Codec,
    constant: Ident,
    also_tagged: Vec<String>,
    told: Told,
}

pub(crate) fn expand(
    input: &DeriveInput,
    data: &DataEnum,
    container: &Container,
    errors: &mut Errors,
) -> TokenStream {
    let rename_all = serde::rename_all(&input.attrs, errors);
    let typed: Vec<Typed<'_>> = data
        .variants
        .iter()
        .map(|variant| typed(variant, container, rename_all.as_deref(), errors))
        .collect();
    refuse_twins(&typed, errors);
    let facts = facts_of(&typed);
    let (krate, ident) = (&container.krate, &input.ident);
    let constants = constants(input, container, &typed);
    let (encode, decode) = (encode(container, &typed), decode(&typed));
    let (mut found, mut specs) = (Vec::new(), Vec::new());
    for one in &typed {
        let (name, constant, variant) = (&one.name, &one.constant, &one.variant.ident);
        found.push(quote!(#name => ::core::option::Option::Some(Self::#constant),));
        specs.push(quote!(Self::#variant { .. } => Self::#constant,));
    }
    let listed = typed.iter().map(|it| &it.constant);
    let upcasters = container.upcasters();
    quote! {
        #constants

        #[automatically_derived]
        impl #krate::Event for #ident {
            fn specs() -> ::std::vec::Vec<&'static #krate::EventSpec> {
                ::std::vec![#(Self::#listed),*]
            }

            fn find(event_type: &str) -> ::core::option::Option<&'static #krate::EventSpec> {
                match event_type {
                    #(#found)*
                    _ => ::core::option::Option::None,
                }
            }

            fn spec(&self) -> &'static #krate::EventSpec {
                match self { #(#specs)* }
            }

            fn encode(
                &self,
                out: &mut ::std::vec::Vec<u8>,
            ) -> ::core::result::Result<(), #krate::codec::EncodeError> {
                match self { #encode }
            }

            fn decode(
                event_type: &str,
                payload: #krate::codec::Payload<'_>,
            ) -> ::core::result::Result<Self, #krate::codec::DecodeError> {
                match event_type {
                    #decode
                    _ => ::core::result::Result::Err(#krate::codec::DecodeError::unknown_type()),
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

fn typed<'a>(
    variant: &'a Variant,
    container: &Container,
    rename_all: Option<&str>,
    errors: &mut Errors,
) -> Typed<'a> {
    let single = Single::of_variant(variant, errors);
    let ident = variant.ident.to_string();
    let codec = single.codec.or(container.single.codec).unwrap_or_default();
    let is_newtype = matches!(&variant.fields, Fields::Unnamed(it) if it.unnamed.len() == 1);
    if codec == Codec::Protobuf && !is_newtype {
        let said = format!(
            "a variant with the codec \"protobuf\" holds one message: `{ident}({ident}Message)`"
        );
        errors.add(syn::Error::new_spanned(variant, said));
    }
    Typed {
        variant,
        name: name(variant, &single, container, errors),
        serde_name: match codec {
            Codec::Protobuf => String::new(),
            Codec::Json | Codec::Cbor => serde::variant_name(variant, rename_all, errors),
        },
        version: single.version.unwrap_or(1),
        codec,
        constant: Ident::new(&names::constant(&ident), variant.ident.span()),
        also_tagged: [&container.single.also_tagged[..], &single.also_tagged].concat(),
        told: facts::of_fields(&container.krate, &variant.fields, errors),
    }
}

fn name(variant: &Variant, single: &Single, container: &Container, errors: &mut Errors) -> String {
    if let Some(name) = &single.name {
        return name.value();
    }
    let own = names::separated(&variant.ident.to_string(), '-');
    let name = format!("{}.{own}", container.context);
    if let Err(said) = names::check_event_type(&name) {
        let said = format!(
            "this event's name would be {name:?}, {said}; write one: `#[factum(name = \"..\")]`"
        );
        errors.add(syn::Error::new_spanned(&variant.ident, said));
    }
    name
}

/// Two variants need two names in the log, and two constants.
fn refuse_twins(typed: &[Typed<'_>], errors: &mut Errors) {
    let (mut names, mut constants) = (HashMap::new(), HashMap::new());
    for one in typed {
        let (own, name, constant) = (&one.variant.ident, &one.name, one.constant.to_string());
        let others = (names.insert(name, own), constants.insert(constant.clone(), own));
        let said = match others {
            (Some(other), _) => format!(
                "`{other}` and `{own}` are both called {name:?} in the log; give this one another \
                 name: `#[factum(name = \"..\")]`"
            ),
            (None, Some(other)) => format!(
                "`{other}` and `{own}` would share the constant `{constant}`; rename this one"
            ),
            (None, None) => continue,
        };
        errors.add(syn::Error::new_spanned(own, said));
    }
}

fn constants(input: &DeriveInput, container: &Container, typed: &[Typed<'_>]) -> TokenStream {
    let (krate, ident, vis) = (&container.krate, &input.ident, &input.vis);
    let constants = typed.iter().map(|one| {
        let Typed { name, version, codec, constant, variant, .. } = one;
        let (codec, doc) = (codec.tokens(krate), format!("The event type `{name}`."));
        let rust_name = format!("::{ident}::{}", variant.ident);
        let tags = one.told.tags(krate, &one.also_tagged);
        quote! {
            #[doc = #doc]
            #vis const #constant: &'static #krate::EventSpec = &#krate::EventSpec::new(
                #name,
                #version,
                #codec,
                ::core::concat!(::core::module_path!(), #rust_name),
            )
            #tags;
        }
    });
    quote! {
        #[allow(dead_code, reason = "for whoever names the type in a query")]
        impl #ident { #(#constants)* }
    }
}

fn encode(container: &Container, typed: &[Typed<'_>]) -> TokenStream {
    let krate = &container.krate;
    let (mut messages, mut others) = (Vec::new(), Vec::new());
    for one in typed {
        let variant = &one.variant.ident;
        let codec = one.codec.tokens(krate);
        if one.codec == Codec::Protobuf {
            messages.push(quote! {
                Self::#variant(message) => {
                    #krate::codec::encode_message(message, out);
                    ::core::result::Result::Ok(())
                }
            });
        } else {
            others.push(quote! {
                Self::#variant { .. } => #krate::codec::encode_variant(self, #codec, out),
            });
        }
    }
    quote!(#(#messages)* #(#others)*)
}

fn decode(typed: &[Typed<'_>]) -> TokenStream {
    let arms = typed.iter().map(|one| {
        let Typed { name, serde_name, .. } = one;
        let variant = &one.variant.ident;
        match one.codec {
            Codec::Protobuf => quote!(#name => payload.message().map(Self::#variant),),
            Codec::Json | Codec::Cbor => quote!(#name => payload.variant::<Self>(#serde_name),),
        }
    });
    quote!(#(#arms)*)
}

fn facts_of(typed: &[Typed<'_>]) -> TokenStream {
    let mut arms = TokenStream::new();
    for one in typed {
        let Told { bound, statements, .. } = &one.told;
        if !statements.is_empty() {
            let variant = &one.variant.ident;
            arms.extend(quote!(Self::#variant { #bound .. } => { #statements }));
        }
    }
    if arms.is_empty() {
        return quote!(let _ = facts;);
    }
    quote! {
        #[allow(unreachable_patterns, reason = "where every variant has something to tell")]
        match self { #arms _ => {} }
    }
}
