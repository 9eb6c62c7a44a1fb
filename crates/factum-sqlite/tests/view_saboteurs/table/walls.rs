//! Sabotage of the walls between the views of tenants.

use super::Row;
use crate::sabotage::Sabotage::{LogAsEmpty, OneSpace};

pub(super) fn rows() -> Vec<Row> {
    vec![
        ("view_walls::views_of_another_tenant_are_not_read", OneSpace),
        ("view_walls::views_of_another_tenant_are_not_reached_by_work", OneSpace),
        ("view_walls::views_of_a_tenant_are_not_those_of_all", OneSpace),
        ("view_walls::a_name_that_another_tenant_uses_is_free_or_refused", OneSpace),
        ("view_walls::views_do_not_reach_the_log", LogAsEmpty),
    ]
}
