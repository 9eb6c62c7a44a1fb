//! Tags and claims: what fields say about an event.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Field, Fields, Ident, Member, Path, Type};

use crate::errors::Errors;
use crate::{keys, names};

const KNOWN: [&str; 5] = ["tag", "claim", "release", "exact", "inner"];

/// What stands on a field.
#[derive(Default)]
struct OnField {
    tags: Vec<String>,
    claims: Vec<String>,
    releases: Vec<String>,
    exact: Option<Path>,
    inner: Option<Path>,
}

impl OnField {
    fn parse(field: &Field, errors: &mut Errors) -> Self {
        let mut on = Self::default();
        let repeated = ["tag", "claim", "release"];
        keys::each_factum("a field", &KNOWN, &repeated, &field.attrs, errors, |key, meta| {
            on.take(key, meta, field)
        });
        if let Some(exact) = &on.exact
            && on.claims.is_empty()
            && on.releases.is_empty()
        {
            let said = "`exact` stands beside a claim: `claim = \"email\", exact`";
            errors.add(syn::Error::new_spanned(exact, said));
        }
        on
    }

    fn take(&mut self, key: &str, meta: &ParseNestedMeta<'_>, field: &Field) -> syn::Result<()> {
        match key {
            "tag" => self.tags.push(tag_name(meta, field)?),
            "claim" => self.claims.push(given_name(meta, "claim = \"email\"")?),
            "release" => self.releases.push(given_name(meta, "release = \"email\"")?),
            "exact" => {
                keys::alone(meta)?;
                self.exact = Some(meta.path.clone());
            }
            _ => {
                keys::alone(meta)?;
                self.inner = Some(meta.path.clone());
            }
        }
        Ok(())
    }

    /// Which method of `Facts` to call, with which name: what is released comes before what is
    /// taken.
    fn calls(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let [release, take] = if self.exact.is_some() {
            ["release_exact", "take_exact"]
        } else {
            ["release", "take"]
        };
        let tags = self.tags.iter().map(|it| ("tag", it));
        let releases = self.releases.iter().map(move |it| (release, it));
        tags.chain(releases).chain(self.claims.iter().map(move |it| (take, it)))
    }
}

fn given_name(meta: &ParseNestedMeta<'_>, example: &str) -> syn::Result<String> {
    let name = keys::string(meta, example)?;
    names::check(&name, names::check_fact)?;
    Ok(name.value())
}

/// The name that is given, or the field's own.
fn tag_name(meta: &ParseNestedMeta<'_>, field: &Field) -> syn::Result<String> {
    let example = "tag = \"course\"";
    if meta.input.peek(syn::Token![=]) {
        return given_name(meta, example);
    }
    let Some(ident) = &field.ident else {
        let said = format!("a field without a name needs one for its tag: `{example}`");
        return Err(meta.error(said));
    };
    let name = ident.unraw().to_string();
    match names::check_fact(&name) {
        Ok(()) => Ok(name),
        Err(said) => Err(syn::Error::new_spanned(
            ident,
            format!("the field's name is no name of a tag, {said}: write one: `{example}`"),
        )),
    }
}

/// What the fields tell: the patterns that bind them, and the statements.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) bound: TokenStream,
    pub(crate) statements: TokenStream,
    /// The names of the tags.
    tags: Vec<String>,
    /// The event that has tags of its own.
    inner: Option<Type>,
}

impl Told {
    /// The methods of a spec that say which tags events carry, those `from_elsewhere` among them.
    pub(crate) fn tags(&self, krate: &Path, from_elsewhere: &[String]) -> TokenStream {
        let names = self.tags.iter().chain(from_elsewhere);
        let inner =
            self.inner.as_ref().map(|ty| quote!(.tagged_like(<#ty as #krate::Event>::specs)));
        quote!(.tagged(&[#(#names),*]) #inner)
    }
}

pub(crate) fn of_fields(krate: &Path, fields: &Fields, errors: &mut Errors) -> Told {
    let mut told = Told::default();
    for (place, field) in fields.iter().enumerate() {
        let on = OnField::parse(field, errors);
        if let Some(inner) = &on.inner
            && !matches!(fields, Fields::Unnamed(it) if it.unnamed.len() == 1)
        {
            let said = "`inner` stands on a field that is alone: `Imported(#[factum(inner)] Row)`";
            errors.add(syn::Error::new_spanned(inner, said));
        }
        told.tags.extend(on.tags.iter().cloned());
        if on.inner.is_some() {
            told.inner = Some(field.ty.clone());
        }
        let value = format_ident!("value_{place}");
        let statements = of_field(krate, &field.ty, &on, &value);
        if !statements.is_empty() {
            let member = field.ident.clone().map_or_else(|| Member::from(place), Member::from);
            told.bound.extend(quote!(#member: #value,));
            told.statements.extend(statements);
        }
    }
    told
}

/// The statements that tell `facts` about one field, bound to `value`, a reference.
fn of_field(krate: &Path, ty: &Type, on: &OnField, value: &Ident) -> TokenStream {
    // Errors point at the field, names mean what they mean in this macro's own code.
    let span = ty.span().resolved_at(Span::call_site());
    let value = &Ident::new(&value.to_string(), span);
    let several = is_several(ty);
    let mut told = TokenStream::new();
    for (method, name) in on.calls() {
        let method = Ident::new(method, span);
        told.extend(if several {
            quote_spanned!(span=> for one in #value.iter() { facts.#method(#name, one)?; })
        } else {
            quote_spanned!(span=> facts.#method(#name, #value)?;)
        });
    }
    if on.inner.is_some() {
        told.extend(quote_spanned!(span=> #krate::Event::facts(#value, facts)?;));
    }
    told
}

/// Whether the type is an `Option` or a `Vec`, by its name.
fn is_several(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => is_several(&group.elem),
        Type::Paren(paren) => is_several(&paren.elem),
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|it| it.ident == "Option" || it.ident == "Vec")
        }
        _ => false,
    }
}
