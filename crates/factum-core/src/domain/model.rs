//! What a decision knows: small states folded from the events that queries find.

use crate::{Event, InvalidName, Query};

/// A small state, and the query that says which events make it.
///
/// # Examples
///
/// See [`Decision`](crate::Decision).
pub trait DecisionModel: Send + Sync {
    /// The events it is folded from.
    type Event: Event;

    /// Which events. Items that name no type find all types of [`DecisionModel::Event`].
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if a value of the decision cannot be a tag.
    fn query(&self) -> Result<Query, InvalidName>;

    /// Takes a fact that the query finds into the state. Total: what happened, happened.
    fn evolve(&mut self, event: &Self::Event);
}

/// What a [`Decision`](crate::Decision) decides on: one [`DecisionModel`], or a tuple of models.
///
/// Each model of a tuple sees only what its own query finds.
pub trait Models: Send + Sync {
    /// The events they are folded from.
    type Event: Event;

    /// The query of each model, in order.
    ///
    /// # Errors
    ///
    /// The first [`InvalidName`] of a model's query.
    fn queries(&self) -> Result<Vec<Query>, InvalidName>;

    /// Takes a fact into the models for which `finds`, asked with their place in
    /// [`Models::queries`], says yes.
    fn evolve_found(&mut self, event: &Self::Event, finds: &dyn Fn(usize) -> bool);
}

impl<M: DecisionModel> Models for M {
    type Event = M::Event;

    fn queries(&self) -> Result<Vec<Query>, InvalidName> {
        Ok(vec![self.query()?])
    }

    fn evolve_found(&mut self, event: &M::Event, finds: &dyn Fn(usize) -> bool) {
        if finds(0) {
            self.evolve(event);
        }
    }
}

macro_rules! models_of_a_tuple {
    ($first:ident $(, $model:ident . $place:tt)*) => {
        impl<$first: DecisionModel, $($model: DecisionModel<Event = $first::Event>),*> Models
            for ($first, $($model,)*)
        {
            type Event = $first::Event;

            fn queries(&self) -> Result<Vec<Query>, InvalidName> {
                Ok(vec![self.0.query()?, $(self.$place.query()?),*])
            }

            fn evolve_found(&mut self, event: &$first::Event, finds: &dyn Fn(usize) -> bool) {
                if finds(0) {
                    self.0.evolve(event);
                }
                $(if finds($place) {
                    self.$place.evolve(event);
                })*
            }
        }
    };
}

models_of_a_tuple!(A);
models_of_a_tuple!(A, B.1);
models_of_a_tuple!(A, B.1, C.2);
models_of_a_tuple!(A, B.1, C.2, D.3);
models_of_a_tuple!(A, B.1, C.2, D.3, E.4);
models_of_a_tuple!(A, B.1, C.2, D.3, E.4, F.5);
models_of_a_tuple!(A, B.1, C.2, D.3, E.4, F.5, G.6);
models_of_a_tuple!(A, B.1, C.2, D.3, E.4, F.5, G.6, H.7);
