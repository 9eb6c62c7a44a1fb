//! A shopping list: what can happen to it, and the rules.

use factum::prelude::*;
use serde::{Deserialize, Serialize};

/// What can have happened. In the log: `list.added`, `list.crossed-off`.
#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub enum ListEvent {
    Added { what: String },
    CrossedOff { what: String },
}

/// Why not.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ListError {
    #[error("it is on the list already")]
    There,
    #[error("it is not on the list")]
    NotThere,
}

/// The state: made of events, asked by commands.
#[derive(Default, Clone, Debug, PartialEq)]
pub struct List {
    pub items: Vec<String>,
}

impl Aggregate for List {
    const CATEGORY: &'static str = "list";
    type Event = ListEvent;
    type Error = ListError;

    fn apply(&mut self, event: &ListEvent) {
        match event {
            ListEvent::Added { what } => self.items.push(what.clone()),
            ListEvent::CrossedOff { what } => self.items.retain(|it| it != what),
        }
    }
}

/// Puts something on the list.
#[derive(Clone, Debug)]
pub struct Add {
    pub what: String,
}

impl Handle<Add> for List {
    fn handle(&self, Add { what }: Add) -> Result<Vec<ListEvent>, ListError> {
        if self.items.contains(&what) {
            return Err(ListError::There);
        }
        Ok(vec![ListEvent::Added { what }])
    }
}

/// Takes something off the list.
#[derive(Clone, Debug)]
pub struct CrossOff {
    pub what: String,
}

impl Handle<CrossOff> for List {
    fn handle(&self, CrossOff { what }: CrossOff) -> Result<Vec<ListEvent>, ListError> {
        if !self.items.contains(&what) {
            return Err(ListError::NotThere);
        }
        Ok(vec![ListEvent::CrossedOff { what }])
    }
}

#[cfg(test)]
mod tests {
    use factum_testkit::given;

    use super::*;

    fn added(what: &str) -> ListEvent {
        ListEvent::Added { what: what.into() }
    }

    #[test]
    fn something_new_is_added() {
        given::<List>([added("bread")]).when(Add { what: "milk".into() }).then([added("milk")]);
    }

    #[test]
    fn nothing_is_added_twice() {
        given::<List>([added("bread")])
            .when(Add { what: "bread".into() })
            .then_error(ListError::There);
    }

    #[test]
    fn what_was_crossed_off_is_not_on_the_list() {
        given::<List>([added("bread"), ListEvent::CrossedOff { what: "bread".into() }])
            .when(CrossOff { what: "bread".into() })
            .then_error(ListError::NotThere);
    }
}
