//! An enum whose variants hold the events of other contexts.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{Attribute, DataEnum, DeriveInput, Fields, Ident, Type, Variant};

use crate::attributes::Container;
use crate::errors::Errors;

pub(crate) fn expand(
    input: &DeriveInput,
    data: &DataEnum,
    container: &Container,
    errors: &mut Errors,
) -> TokenStream {
    let parts = data.variants.iter().filter_map(|it| part(it, errors));
    let (variants, types): (Vec<_>, Vec<_>) = parts.unzip();
    refuse_twins(&variants, &types, errors);
    let (krate, ident) = (&container.krate, &input.ident);
    let own = container.upcasters.as_ref().map(|path| quote!(let all = all.and(#path());));
    quote! {
        #[automatically_derived]
        impl #krate::Event for #ident {
            fn specs() -> ::std::vec::Vec<&'static #krate::EventSpec> {
                let mut specs = ::std::vec::Vec::new();
                #(specs.extend(<#types as #krate::Event>::specs());)*
                specs
            }

            fn find(event_type: &str) -> ::core::option::Option<&'static #krate::EventSpec> {
                ::core::option::Option::None
                    #(.or_else(|| <#types as #krate::Event>::find(event_type)))*
            }

            fn spec(&self) -> &'static #krate::EventSpec {
                match self { #(Self::#variants(event) => #krate::Event::spec(event),)* }
            }

            fn encode(
                &self,
                out: &mut ::std::vec::Vec<u8>,
            ) -> ::core::result::Result<(), #krate::codec::EncodeError> {
                match self { #(Self::#variants(event) => #krate::Event::encode(event, out),)* }
            }

            fn decode(
                event_type: &str,
                payload: #krate::codec::Payload<'_>,
            ) -> ::core::result::Result<Self, #krate::codec::DecodeError> {
                #(if <#types as #krate::Event>::find(event_type).is_some() {
                    return <#types as #krate::Event>::decode(event_type, payload)
                        .map(Self::#variants);
                })*
                ::core::result::Result::Err(#krate::codec::DecodeError::unknown_type())
            }

            fn facts(
                &self,
                facts: &mut #krate::Facts,
            ) -> ::core::result::Result<(), #krate::InvalidName> {
                match self { #(Self::#variants(event) => #krate::Event::facts(event, facts),)* }
            }

            fn upcasters() -> #krate::Upcasters {
                let all = <#krate::Upcasters as ::core::default::Default>::default();
                #(let all = all.and(<#types as #krate::Event>::upcasters());)*
                #own
                all
            }
        }

        #(
            #[automatically_derived]
            impl ::core::convert::From<#types> for #ident {
                fn from(event: #types) -> Self {
                    Self::#variants(event)
                }
            }

            #[automatically_derived]
            impl #krate::Part<#ident> for #types {
                fn part(union: &#ident) -> ::core::option::Option<&Self> {
                    match union {
                        #ident::#variants(event) => ::core::option::Option::Some(event),
                        #[allow(unreachable_patterns, reason = "a union may have one part")]
                        _ => ::core::option::Option::None,
                    }
                }
            }
        )*
    }
}

/// The name and the type of one part.
fn part<'a>(variant: &'a Variant, errors: &mut Errors) -> Option<(&'a Ident, &'a Type)> {
    let on_fields = variant.fields.iter().flat_map(|it| &it.attrs);
    for attribute in variant.attrs.iter().chain(on_fields).filter(|it| is_ours(it)) {
        let said = "a union says nothing of its parts: write it where the events are declared";
        errors.add(syn::Error::new_spanned(attribute, said));
    }
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            Some((&variant.ident, &fields.unnamed[0].ty))
        }
        _ => {
            let said = "a variant of a union holds the events of one context: \
                        `Account(AccountEvent)`";
            errors.add(syn::Error::new_spanned(variant, said));
            None
        }
    }
}

fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("factum")
}

/// An event is one part of a union, or it is not clear which.
fn refuse_twins(variants: &[&Ident], types: &[&Type], errors: &mut Errors) {
    let written: Vec<String> = types.iter().map(|it| it.to_token_stream().to_string()).collect();
    for (place, ty) in types.iter().enumerate() {
        if let Some(first) = written[..place].iter().position(|it| *it == written[place]) {
            let said = format!(
                "`{}` and `{}` hold the same events: remove one",
                variants[first], variants[place]
            );
            errors.add(syn::Error::new_spanned(ty, said));
        }
    }
}
