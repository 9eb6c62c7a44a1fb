//! What `#[factum(..)]` and serde's attributes say.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, DeriveInput, Field, LitInt, LitStr, Path, Variant};

use crate::names;

/// How a payload is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Json,
    Cbor,
    Protobuf,
}

impl Codec {
    fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        let name: LitStr = meta.value()?.parse()?;
        match name.value().as_str() {
            "json" => Ok(Self::Json),
            "cbor" => Ok(Self::Cbor),
            "protobuf" => Ok(Self::Protobuf),
            _ => Err(syn::Error::new_spanned(name, "expected \"json\", \"cbor\" or \"protobuf\"")),
        }
    }

    pub(crate) fn tokens(self, krate: &Path) -> TokenStream {
        match self {
            Self::Json => quote!(#krate::Codec::Json),
            Self::Cbor => quote!(#krate::Codec::Cbor),
            Self::Protobuf => quote!(#krate::Codec::Protobuf),
        }
    }
}

/// What stands on an enum or a struct.
pub(crate) struct Container {
    pub(crate) krate: Path,
    pub(crate) context: String,
    pub(crate) codec: Codec,
    pub(crate) upcasters: Option<Path>,
    pub(crate) union: bool,
    /// serde's rule for the names of variants.
    pub(crate) rename_all: Option<String>,
    /// Of a struct.
    pub(crate) single: Single,
}

/// What stands on a variant, or on a struct that is one event type.
#[derive(Default)]
pub(crate) struct Single {
    pub(crate) name: Option<LitStr>,
    pub(crate) version: Option<u32>,
    pub(crate) codec: Option<Codec>,
}

impl Single {
    fn parse(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
        if meta.path.is_ident("name") {
            let name: LitStr = meta.value()?.parse()?;
            names::check(&name)?;
            self.name = Some(name);
        } else if meta.path.is_ident("version") {
            let version: LitInt = meta.value()?.parse()?;
            let number: u32 = version.base10_parse()?;
            if number == 0 {
                return Err(syn::Error::new_spanned(version, "versions start at 1"));
            }
            self.version = Some(number);
        } else if meta.path.is_ident("codec") {
            self.codec = Some(Codec::parse(meta)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    pub(crate) fn of_variant(variant: &Variant) -> syn::Result<Self> {
        let mut single = Self::default();
        each(&variant.attrs, |meta| {
            if single.parse(meta)? {
                return Ok(());
            }
            Err(meta.error("expected `name`, `version` or `codec` on a variant"))
        })?;
        Ok(single)
    }
}

impl Container {
    pub(crate) fn parse(input: &DeriveInput) -> syn::Result<Self> {
        let mut container = Self {
            krate: syn::parse_quote!(::factum),
            context: names::context(&input.ident.to_string()),
            codec: Codec::Json,
            upcasters: None,
            union: false,
            rename_all: None,
            single: Single::default(),
        };
        let is_enum = matches!(input.data, syn::Data::Enum(_));
        each(&input.attrs, |meta| container.take(meta, is_enum))?;
        container.codec = container.single.codec.unwrap_or(Codec::Json);
        if is_enum {
            container.look_at_serde(&input.attrs)?;
        }
        Ok(container)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>, is_enum: bool) -> syn::Result<()> {
        if meta.path.is_ident("crate") {
            let path: LitStr = meta.value()?.parse()?;
            self.krate = path.parse()?;
        } else if meta.path.is_ident("upcasters") {
            self.upcasters = Some(meta.value()?.parse()?);
        } else if is_enum && meta.path.is_ident("context") {
            let context: LitStr = meta.value()?.parse()?;
            names::check(&context)?;
            self.context = context.value();
        } else if is_enum && meta.path.is_ident("union") {
            self.union = true;
        } else if is_enum && (meta.path.is_ident("name") || meta.path.is_ident("version")) {
            return Err(meta.error("each variant has its own: write it on the variant"));
        } else if !self.single.parse(meta)? {
            return Err(meta.error(if is_enum {
                "expected `context`, `codec`, `upcasters`, `union` or `crate` on an enum"
            } else {
                "expected `name`, `version`, `codec`, `upcasters` or `crate` on a struct"
            }));
        }
        Ok(())
    }

    /// serde must name variants in its own, external way: the payload is what is inside.
    fn look_at_serde(&mut self, attributes: &[Attribute]) -> syn::Result<()> {
        each_of("serde", attributes, |meta| {
            for refused in ["tag", "content", "untagged"] {
                if meta.path.is_ident(refused) {
                    return Err(meta.error(format!(
                        "remove `{refused}`: an event's name stands in its envelope, its payload \
                         holds the fields alone"
                    )));
                }
            }
            if meta.path.is_ident("rename_all") && meta.input.peek(syn::Token![=]) {
                let rule: LitStr = meta.value()?.parse()?;
                self.rename_all = Some(rule.value());
                return Ok(());
            }
            skip(meta)
        })
    }

    /// What serde calls a variant.
    pub(crate) fn serde_name(&self, variant: &Variant) -> syn::Result<String> {
        let mut renamed = None;
        each_of("serde", &variant.attrs, |meta| {
            if meta.path.is_ident("rename") {
                if meta.input.peek(syn::Token![=]) {
                    renamed = Some(meta.value()?.parse::<LitStr>()?.value());
                    return Ok(());
                }
                return meta.parse_nested_meta(|inner| {
                    let name: LitStr = inner.value()?.parse()?;
                    if inner.path.is_ident("deserialize") {
                        renamed = Some(name.value());
                    }
                    Ok(())
                });
            }
            skip(meta)
        })?;
        let ident = variant.ident.to_string();
        let ident = ident.strip_prefix("r#").unwrap_or(&ident).to_owned();
        let by_rule = || names::serde_renamed(&ident, self.rename_all.as_deref()?);
        Ok(renamed.or_else(by_rule).unwrap_or(ident))
    }
}

/// What stands on a field.
#[derive(Default)]
pub(crate) struct OnField {
    /// Names; `None` for the field's own.
    pub(crate) tags: Vec<Option<String>>,
    pub(crate) claims: Vec<String>,
    pub(crate) releases: Vec<String>,
    pub(crate) exact: bool,
    pub(crate) inner: bool,
}

impl OnField {
    pub(crate) fn parse(field: &Field) -> syn::Result<Self> {
        let mut on = Self::default();
        each(&field.attrs, |meta| on.take(meta))?;
        if on.exact && on.claims.is_empty() && on.releases.is_empty() {
            let said = "`exact` stands beside `claim = \"..\"` or `release = \"..\"`";
            return Err(syn::Error::new(field.span(), said));
        }
        Ok(on)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let named = |meta: &ParseNestedMeta<'_>| -> syn::Result<String> {
            let name: LitStr = meta.value()?.parse()?;
            names::check(&name)?;
            Ok(name.value())
        };
        if meta.path.is_ident("tag") {
            let name = meta.input.peek(syn::Token![=]).then(|| named(meta)).transpose()?;
            self.tags.push(name);
        } else if meta.path.is_ident("claim") || meta.path.is_ident("release") {
            if !meta.input.peek(syn::Token![=]) {
                return Err(
                    meta.error("expected the name of the unique value: `claim = \"email\"`")
                );
            }
            let name = named(meta)?;
            let list =
                if meta.path.is_ident("claim") { &mut self.claims } else { &mut self.releases };
            list.push(name);
        } else if meta.path.is_ident("exact") {
            self.exact = true;
        } else if meta.path.is_ident("inner") {
            self.inner = true;
        } else {
            return Err(
                meta.error("expected `tag`, `claim`, `release`, `exact` or `inner` on a field")
            );
        }
        Ok(())
    }
}

/// Reads every `#[factum(..)]`.
fn each(
    attributes: &[Attribute],
    take: impl FnMut(&ParseNestedMeta<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    each_of("factum", attributes, take)
}

fn each_of(
    name: &str,
    attributes: &[Attribute],
    mut take: impl FnMut(&ParseNestedMeta<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    for attribute in attributes.iter().filter(|it| it.path().is_ident(name)) {
        attribute.parse_nested_meta(|meta| take(&meta))?;
    }
    Ok(())
}

/// Passes over an attribute of serde's that does not matter here.
fn skip(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(syn::Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        content.parse::<TokenStream>()?;
    }
    Ok(())
}
