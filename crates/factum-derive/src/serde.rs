//! What serde's own attributes say: it must write variants in its external way, whose content is
//! the payload, and it is asked for a variant by the name that it knows.

use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitStr, Variant};

use crate::errors::Errors;
use crate::{keys, names};

/// Refuses other ways to write an enum; gives the rule that renames its variants.
pub(crate) fn rename_all(attributes: &[Attribute], errors: &mut Errors) -> Option<String> {
    let mut rule = None;
    keys::each("serde", attributes, errors, |meta| {
        for refused in ["tag", "content", "untagged"] {
            if meta.path.is_ident(refused) {
                return Err(meta.error(format!(
                    "remove `{refused}`: the event's name stands in the envelope, the payload \
                     holds the fields alone"
                )));
            }
        }
        if meta.path.is_ident("rename_all") {
            return read_name(meta, &mut rule);
        }
        keys::skip(meta)
    });
    rule
}

/// What serde calls the variant.
pub(crate) fn variant_name(
    variant: &Variant,
    rename_all: Option<&str>,
    errors: &mut Errors,
) -> String {
    let mut renamed = None;
    keys::each("serde", &variant.attrs, errors, |meta| {
        if meta.path.is_ident("untagged") {
            return Err(meta.error(
                "remove `untagged`: the event's name stands in the envelope, the payload holds \
                 the fields alone",
            ));
        }
        for refused in ["skip", "skip_serializing", "skip_deserializing"] {
            if meta.path.is_ident(refused) {
                return Err(meta.error(format!(
                    "remove `{refused}`: serde writes and reads this variant; only one with \
                     `#[factum(codec = \"protobuf\")]` does without"
                )));
            }
        }
        if meta.path.is_ident("rename") {
            return read_name(meta, &mut renamed);
        }
        keys::skip(meta)
    });
    let ident = variant.ident.unraw().to_string();
    let by_rule = || names::serde_renamed(&ident, rename_all?);
    renamed.or_else(by_rule).unwrap_or(ident)
}

/// Reads `= "name"` or `(serialize = "..", deserialize = "name")`: reading asks for the name,
/// writing leaves it out.
fn read_name(meta: &ParseNestedMeta<'_>, name: &mut Option<String>) -> syn::Result<()> {
    if meta.input.peek(syn::Token![=]) {
        *name = Some(meta.value()?.parse::<LitStr>()?.value());
        return Ok(());
    }
    meta.parse_nested_meta(|inner| {
        let text: LitStr = inner.value()?.parse()?;
        if inner.path.is_ident("deserialize") {
            *name = Some(text.value());
        }
        Ok(())
    })
}
