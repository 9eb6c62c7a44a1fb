//! How the keys of an attribute and their values are read.

use proc_macro2::TokenStream;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprPath, Lit, LitStr};

use crate::errors::Errors;

/// Reads every attribute called `name`; a mistake in one does not hide those in the others.
pub(crate) fn each(
    name: &str,
    attributes: &[Attribute],
    errors: &mut Errors,
    mut take: impl FnMut(&ParseNestedMeta<'_>) -> syn::Result<()>,
) {
    for attribute in attributes.iter().filter(|it| it.path().is_ident(name)) {
        errors.keep(attribute.parse_nested_meta(|meta| take(&meta)));
    }
}

/// Reads every `#[factum(..)]` of one `place`, such as "an enum", whose keys are `known`.
///
/// Only `repeated` keys may be said more than once.
pub(crate) fn each_factum(
    place: &str,
    known: &[&str],
    repeated: &[&str],
    attributes: &[Attribute],
    errors: &mut Errors,
    mut take: impl FnMut(&str, &ParseNestedMeta<'_>) -> syn::Result<()>,
) {
    let mut said: Vec<String> = Vec::new();
    each("factum", attributes, errors, |meta| {
        let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        if !known.contains(&key.as_str()) {
            let known = listed(known);
            return Err(meta.error(format!("not a key of {place}: expected one of {known}")));
        }
        if said.contains(&key) && !repeated.contains(&key.as_str()) {
            return Err(meta.error(format!("`{key}` is said twice: remove one")));
        }
        take(&key, meta)?;
        said.push(key);
        Ok(())
    });
}

fn listed(keys: &[&str]) -> String {
    keys.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
}

/// The string after `=`.
pub(crate) fn string(meta: &ParseNestedMeta<'_>, example: &str) -> syn::Result<LitStr> {
    let value = value(meta, example)?;
    match &value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Ok(text.clone()),
            _ => Err(unlike(&value, "a string", example)),
        },
        _ => Err(unlike(&value, "a string", example)),
    }
}

/// The version after `=`.
pub(crate) fn version(meta: &ParseNestedMeta<'_>) -> syn::Result<u32> {
    let value = value(meta, "version = 2")?;
    let number = match &value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse::<u32>().ok(),
            _ => None,
        },
        _ => None,
    };
    match number {
        Some(0) => Err(syn::Error::new_spanned(&value, "versions start at 1")),
        Some(number) => Ok(number),
        None => Err(unlike(&value, "a whole number from 1 to 4294967295", "version = 2")),
    }
}

/// The path of a function after `=`.
pub(crate) fn function(meta: &ParseNestedMeta<'_>, example: &str) -> syn::Result<ExprPath> {
    match value(meta, example)? {
        Expr::Path(path) => Ok(path),
        other => Err(unlike(&other, "the path of a function, without quotes", example)),
    }
}

fn value(meta: &ParseNestedMeta<'_>, example: &str) -> syn::Result<Expr> {
    if !meta.input.peek(syn::Token![=]) {
        return Err(meta.error(format!("expected a value: `{example}`")));
    }
    let mut value: Expr = meta.value()?.parse()?;
    // What a `macro_rules!` macro passes on comes in a group that nobody sees.
    while let Expr::Group(group) = value {
        value = *group.expr;
    }
    Ok(value)
}

fn unlike(value: &Expr, expected: &str, example: &str) -> syn::Error {
    syn::Error::new_spanned(value, format!("expected {expected}: `{example}`"))
}

/// Refuses a value where the key stands for itself.
pub(crate) fn alone(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.is_empty() || meta.input.peek(syn::Token![,]) {
        return Ok(());
    }
    Err(meta.error("this key has no value: write it alone"))
}

/// Passes over what follows a key that does not matter here.
pub(crate) fn skip(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(syn::Token![=]) {
        meta.value()?.parse::<Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        content.parse::<TokenStream>()?;
    }
    Ok(())
}
