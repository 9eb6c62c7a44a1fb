//! A product is sold at the price that was displayed, or at one that replaced it a moment ago.

use factum::prelude::*;
use serde::{Deserialize, Serialize};

/// How long an old price is still honoured, in seconds.
pub const GRACE_S: i64 = 600;

/// What can have happened. Times are part of the facts: seconds since 1970.
#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum ProductEvent {
    /// The product has a price from now on.
    Priced {
        /// Which product.
        #[factum(tag)]
        product: String,
        /// The price.
        cents: u64,
        /// Since when.
        at_s: i64,
    },
    /// Somebody bought it.
    Ordered {
        /// Which product.
        #[factum(tag)]
        product: String,
        /// The price.
        cents: u64,
    },
}

/// Why a product is not sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// No such product.
    #[error("there is no such product")]
    Unknown,
    /// The displayed price is not valid.
    #[error("the price is not valid, or not any more")]
    NotValid,
}

/// The prices of a product that still count at a time.
#[derive(Debug)]
pub struct Prices {
    product: String,
    now_s: i64,
    valid: Vec<u64>,
}

impl Prices {
    fn of(product: &str, now_s: i64) -> Self {
        Self { product: product.into(), now_s, valid: Vec::new() }
    }
}

impl DecisionModel for Prices {
    type Event = ProductEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged("product", &self.product)?.types([ProductEvent::PRICED]).into())
    }

    fn evolve(&mut self, event: &ProductEvent) {
        if let ProductEvent::Priced { cents, at_s, .. } = event {
            if *at_s + GRACE_S <= self.now_s {
                self.valid.clear(); // Replaced too long ago.
            }
            self.valid.push(*cents);
        }
    }
}

/// Buys a product at the price that was displayed.
#[derive(Clone, Debug)]
pub struct Order {
    /// Which product.
    pub product: String,
    /// The displayed price.
    pub displayed_cents: u64,
    /// When, in seconds since 1970.
    pub now_s: i64,
}

impl Decision for Order {
    const NAME: &'static str = "order-product";
    type Models = Prices;
    type Error = PriceError;

    fn models(&self) -> Prices {
        Prices::of(&self.product, self.now_s)
    }

    fn decide(&self, prices: &Prices) -> Result<Vec<ProductEvent>, PriceError> {
        if prices.valid.is_empty() {
            return Err(PriceError::Unknown);
        }
        if !prices.valid.contains(&self.displayed_cents) {
            return Err(PriceError::NotValid);
        }
        let product = self.product.clone();
        Ok(vec![ProductEvent::Ordered { product, cents: self.displayed_cents }])
    }
}
