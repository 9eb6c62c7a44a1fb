//! An enum whose variants are event types of its own.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{DataEnum, DeriveInput, Fields, Ident, Variant};

use crate::attributes::{Codec, Container, Single};
use crate::{facts, names};

/// One variant, as it is written out.
struct Typed<'a> {
    variant: &'a Variant,
    name: String,
    version: u32,
    codec: Codec,
    constant: Ident,
}

pub(crate) fn expand(
    input: &DeriveInput,
    data: &DataEnum,
    container: &Container,
) -> syn::Result<TokenStream> {
    let typed = all(data, container)?;
    let (krate, ident) = (&container.krate, &input.ident);
    let constants = constants(input, container, &typed);
    let decode = decode(container, &typed)?;
    let encode = encode(container, &typed);
    let facts = facts::ignoring_unused(&facts_of(container, &typed)?);
    let (mut found, mut specs) = (Vec::new(), Vec::new());
    for one in &typed {
        let (name, constant, variant) = (&one.name, &one.constant, &one.variant.ident);
        found.push(quote!(#name => ::core::option::Option::Some(Self::#constant),));
        specs.push(quote!(Self::#variant { .. } => Self::#constant,));
    }
    let listed = typed.iter().map(|it| &it.constant);
    let upcasters = upcasters(container);
    Ok(quote! {
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
            }

            fn upcasters() -> #krate::Upcasters {
                #upcasters
            }
        }
    })
}

fn all<'a>(data: &'a DataEnum, container: &Container) -> syn::Result<Vec<Typed<'a>>> {
    let mut typed: Vec<Typed<'a>> = Vec::new();
    let mut seen: HashMap<String, String> = HashMap::new();
    let mut wrong: Option<syn::Error> = None;
    let mut note = |error: syn::Error| match &mut wrong {
        Some(wrong) => wrong.combine(error),
        None => wrong = Some(error),
    };
    for variant in &data.variants {
        match one(variant, container) {
            Ok(one) => {
                let own = variant.ident.to_string();
                if let Some(other) = seen.insert(one.name.clone(), own) {
                    let name = &one.name;
                    let said = format!(
                        "`{other}` is called {name:?} in the log already; give this one another \
                         name: `#[factum(name = \"..\")]`"
                    );
                    note(syn::Error::new_spanned(&variant.ident, said));
                }
                typed.push(one);
            }
            Err(error) => note(error),
        }
    }
    wrong.map_or(Ok(typed), Err)
}

fn one<'a>(variant: &'a Variant, container: &Container) -> syn::Result<Typed<'a>> {
    let single = Single::of_variant(variant)?;
    let ident = variant.ident.to_string();
    let own = || format!("{}.{}", container.context, names::separated(&ident, '-'));
    let name = single.name.as_ref().map_or_else(own, syn::LitStr::value);
    let codec = single.codec.unwrap_or(container.codec);
    let is_newtype = matches!(&variant.fields, Fields::Unnamed(it) if it.unnamed.len() == 1);
    if codec == Codec::Protobuf && !is_newtype {
        let said =
            "a variant with the codec \"protobuf\" holds one message: `Opened(OpenedMessage)`";
        return Err(syn::Error::new_spanned(variant, said));
    }
    let constant = Ident::new(&names::constant(&ident), variant.ident.span());
    Ok(Typed { variant, name, version: single.version.unwrap_or(1), codec, constant })
}

fn constants(input: &DeriveInput, container: &Container, typed: &[Typed<'_>]) -> TokenStream {
    let (krate, ident, vis) = (&container.krate, &input.ident, &input.vis);
    let constants = typed.iter().map(|one| {
        let Typed { name, version, codec, constant, variant } = one;
        let (codec, doc) = (codec.tokens(krate), format!("The event type `{name}`."));
        let rust_name = format!("::{ident}::{}", variant.ident);
        quote! {
            #[doc = #doc]
            #vis const #constant: &'static #krate::EventSpec = &#krate::EventSpec::new(
                #name,
                #version,
                #codec,
                ::core::concat!(::core::module_path!(), #rust_name),
            );
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

fn decode(container: &Container, typed: &[Typed<'_>]) -> syn::Result<TokenStream> {
    let mut arms = TokenStream::new();
    for one in typed {
        let (name, variant) = (&one.name, &one.variant.ident);
        arms.extend(if one.codec == Codec::Protobuf {
            quote!(#name => payload.message().map(Self::#variant),)
        } else {
            let serde_name = container.serde_name(one.variant)?;
            quote!(#name => payload.variant::<Self>(#serde_name),)
        });
    }
    Ok(arms)
}

fn facts_of(container: &Container, typed: &[Typed<'_>]) -> syn::Result<TokenStream> {
    let mut arms = TokenStream::new();
    for one in typed {
        let (mut bound, mut told) = (Vec::new(), TokenStream::new());
        for (place, field) in one.variant.fields.iter().enumerate() {
            let value = format_ident!("value_{place}");
            let statements = facts::of_field(&container.krate, field, &value)?;
            if !statements.is_empty() {
                let member = field.ident.as_ref().map_or_else(
                    || syn::Member::from(place),
                    |ident| syn::Member::from(ident.clone()),
                );
                bound.push(quote!(#member: #value,));
                told.extend(statements);
            }
        }
        if !told.is_empty() {
            let variant = &one.variant.ident;
            arms.extend(quote!(Self::#variant { #(#bound)* .. } => { #told }));
        }
    }
    Ok(if arms.is_empty() {
        arms
    } else {
        quote! {
            #[allow(unreachable_patterns, reason = "where every variant has something to tell")]
            match self { #arms _ => {} }
        }
    })
}

/// The way from older shapes.
pub(crate) fn upcasters(container: &Container) -> TokenStream {
    let krate = &container.krate;
    match &container.upcasters {
        Some(path) => quote!(#path()),
        None => quote!(<#krate::Upcasters as ::core::default::Default>::default()),
    }
}
