//! The names of all streams in order, so that listing a page looks at that page.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::{Category, CategoryInfo, CategoryList, StreamId, StreamList, TenantId, TenantScope};

/// A stream that is found by its name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name(StreamId);

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self.0.as_str() // What they are ordered by, too: the category is a part of the name.
    }
}

/// One tenant's names.
#[derive(Debug, Default)]
struct Tenant {
    streams: BTreeSet<Name>,
    /// How many streams each has.
    categories: BTreeMap<Category, u64>,
}

/// Every stream and category that has or had events.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<TenantId, Tenant>);

impl Names {
    /// Takes in a stream that is new.
    pub(super) fn add(&mut self, tenant: &TenantId, stream: &StreamId) {
        let known = self.0.entry(tenant.clone()).or_default();
        known.streams.insert(Name(stream.clone()));
        let category = Category::new(stream.category()).expect("streams have valid names");
        *known.categories.entry(category).or_default() += 1;
    }

    /// How many streams there are.
    pub(super) fn count(&self, scope: &TenantScope) -> u64 {
        self.seen(scope, None).map(|(_, names)| names.streams.len() as u64).sum()
    }

    /// The streams of a listing, without end.
    pub(super) fn streams<'a>(
        &'a self,
        scope: &'a TenantScope,
        list: &'a StreamList,
    ) -> impl Iterator<Item = (&'a TenantId, &'a StreamId)> {
        let prefix = list.category.as_ref().map(|it| format!("{it}/"));
        let after = list.after.as_ref();
        self.seen(scope, after.map(|it| &it.0)).flat_map(move |(tenant, names)| {
            let prefix = prefix.clone().unwrap_or_default();
            let after = after.filter(|it| it.0 == *tenant).map(|it| it.1.as_str());
            let start = match after {
                Some(after) if *after >= *prefix => Bound::Excluded(after),
                _ => Bound::Included(&*prefix),
            };
            let rest = names.streams.range::<str, _>((start, Bound::Unbounded));
            let inside = rest.take_while(move |it| it.0.as_str().starts_with(&prefix));
            inside.map(move |it| (tenant, &it.0))
        })
    }

    /// A page of categories.
    pub(super) fn categories(&self, scope: &TenantScope, list: &CategoryList) -> Vec<CategoryInfo> {
        let after = list.after.as_ref();
        let all = self.seen(scope, after.map(|it| &it.0)).flat_map(|(tenant, names)| {
            let after = after.filter(|it| it.0 == *tenant).map(|it| &it.1);
            let start = after.map_or(Bound::Unbounded, Bound::Excluded);
            let rest = names.categories.range::<Category, _>((start, Bound::Unbounded));
            rest.map(|(category, streams)| CategoryInfo {
                tenant: tenant.clone(),
                category: category.clone(),
                streams: *streams,
            })
        });
        all.take(list.limit).collect()
    }

    /// The tenants in `scope`, from one on.
    fn seen<'a>(
        &'a self,
        scope: &'a TenantScope,
        from: Option<&TenantId>,
    ) -> impl Iterator<Item = (&'a TenantId, &'a Tenant)> {
        let start = match (scope, from) {
            (TenantScope::One(own), from) => Bound::Included(from.map_or(own, |it| it.max(own))),
            (TenantScope::All, Some(from)) => Bound::Included(from),
            (TenantScope::All, None) => Bound::Unbounded,
        };
        let rest = self.0.range::<TenantId, _>((start, Bound::Unbounded));
        rest.take_while(|(tenant, _)| scope.includes(tenant))
    }
}
