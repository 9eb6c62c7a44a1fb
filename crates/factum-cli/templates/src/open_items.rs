//! What is to be bought: a table that is made of the events, in the file where they are.

use std::error::Error;

use factum::prelude::*;

use crate::list::ListEvent;

/// List and item of everything that is to be bought.
#[derive(Debug)]
pub struct OpenItems;

impl Projection for OpenItems {
    const NAME: &'static str = "open-items";
    const MIGRATIONS: &'static [ViewMigration] = &[ViewMigration::new(
        "open-items",
        "CREATE TABLE open_items (list TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (list, item))",
    )];

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<ListEvent>()
    }

    /// Called before a rebuild: `factum projections rebuild open-items`.
    async fn reset(&self, _: Position, view: &mut dyn ViewTransaction) -> Result<(), HandlerError> {
        Ok(view.run("DELETE FROM open_items", &[]).await?)
    }
}

impl Project<ListEvent> for OpenItems {
    async fn project(
        &self,
        event: ListEvent,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        let list = recorded.stream.id();
        let (sql, item) = match event {
            ListEvent::Added { what } => ("INSERT INTO open_items VALUES ($1, $2)", what),
            ListEvent::CrossedOff { what } => {
                ("DELETE FROM open_items WHERE list = $1 AND item = $2", what)
            }
        };
        Ok(view.run(sql, &[list.into(), item.into()]).await?)
    }
}

/// Keeps the table in step with the log, as long as it runs.
pub fn subscription(store: &SharedStore) -> Result<Subscription, Box<dyn Error>> {
    Ok(Subscription::project(store.clone(), ViewProjection::new(OpenItems)?))
}

/// The table as text, once it has everything that is in the log now.
pub async fn shown(store: &SharedStore) -> Result<String, Box<dyn Error>> {
    subscription(store)?.until_caught_up().spawn().ended().await?;
    let rows =
        store.query_view("SELECT list, item FROM open_items ORDER BY list, item", &[]).await?;
    let mut text = String::new();
    for row in rows {
        text += &format!("{}: {}\n", row.get::<String>(0)?, row.get::<String>(1)?);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use factum_testkit::{given_view, row};

    use super::*;

    #[tokio::test]
    async fn what_was_crossed_off_is_not_to_be_bought() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let store = factum::connect(format!("sqlite:{}", file.display())).await.unwrap();
        let added = |what: &str| ListEvent::Added { what: what.into() };
        given_view(store, ViewProjection::new(OpenItems).unwrap())
            .events("list/food", [added("bread"), added("milk")])
            .events("list/food", [ListEvent::CrossedOff { what: "bread".into() }])
            .events("list/tools", [added("bread")])
            .then_rows(
                "SELECT list, item FROM open_items ORDER BY list",
                [row!["food", "milk"], row!["tools", "bread"]],
            )
            .await;
    }
}
