//! A batch happens as a whole or not at all.

use bulkhead_kernel::sql::{SqlError, Step};
use futures::future::join_all;

use super::table::Table;
use super::{Failure, Outcome, cases, refused, same};

const COLUMNS: &str = "id BIGINT PRIMARY KEY, hits BIGINT NOT NULL CHECK (hits >= 0)";

/// How many batches run at once in the case that counts.
const CONCURRENT: usize = 24;

cases! {
    a_batch_gives_each_steps_count(COLUMNS),
    a_step_sees_the_steps_before_it(COLUMNS),
    a_failing_step_undoes_the_batch(COLUMNS),
    a_missed_row_count_undoes_the_batch_and_names_its_step(COLUMNS),
    a_met_row_count_is_no_obstacle(COLUMNS),
    a_row_count_of_zero_can_be_demanded(COLUMNS),
    rows_that_a_step_returns_are_dropped(COLUMNS),
    a_batch_may_be_long(COLUMNS),
    concurrent_batches_lose_no_update(COLUMNS),
    a_failing_batch_leaves_its_neighbours_alone(COLUMNS),
    of_concurrent_claims_one_wins(COLUMNS),
    the_database_works_on_after_failures(COLUMNS),
}

fn insert(table: &Table<'_>, id: i64, hits: i64) -> Step {
    table.statement("INSERT INTO {t} (id, hits) VALUES ($1, $2)").bind(id).bind(hits).into()
}

async fn a_batch_gives_each_steps_count(table: &Table<'_>) -> Outcome {
    let steps = vec![
        insert(table, 1, 0),
        insert(table, 2, 0),
        table.statement("UPDATE {t} SET hits = 5").into(),
        table.statement("DELETE FROM {t} WHERE id = $1").bind(9).into(),
    ];
    same("counts", table.sql().batch(steps).await?, vec![1, 1, 2, 0])
}

async fn a_step_sees_the_steps_before_it(table: &Table<'_>) -> Outcome {
    let steps = vec![
        insert(table, 1, 1),
        table.statement("UPDATE {t} SET hits = hits + $1 WHERE id = $2").bind(10).bind(1).expecting(1),
        table.statement("INSERT INTO {t} (id, hits) SELECT id + 1, hits * 2 FROM {t}").expecting(1),
    ];
    table.sql().batch(steps).await?;
    same("hits", table.column("SELECT hits FROM {t} ORDER BY id", "hits").await?, vec![11_i64, 22])
}

async fn a_failing_step_undoes_the_batch(table: &Table<'_>) -> Outcome {
    table.sql().batch(vec![insert(table, 1, 0)]).await?;
    let steps = vec![
        table.statement("UPDATE {t} SET hits = 7").into(),
        insert(table, 2, 0),
        insert(table, 1, 0),
        insert(table, 3, 0),
    ];
    let result = table.sql().batch(steps).await;
    refused("the batch", result, |error| matches!(error, SqlError::UniqueViolation(_)))?;
    same("hits", table.column("SELECT hits FROM {t}", "hits").await?, vec![0_i64])
}

async fn a_missed_row_count_undoes_the_batch_and_names_its_step(table: &Table<'_>) -> Outcome {
    table.sql().batch(vec![insert(table, 1, 0), insert(table, 2, 0)]).await?;
    let steps = vec![
        insert(table, 3, 0),
        table.statement("UPDATE {t} SET hits = 1 WHERE id < $1").bind(3).expecting(1),
        insert(table, 4, 0),
    ];
    let expected = SqlError::UnexpectedRows { step: 1, expected: 1, affected: 2 };
    refused("the batch", table.sql().batch(steps).await, |error| *error == expected)?;
    let hits = table.column("SELECT hits FROM {t} ORDER BY id", "hits").await?;
    same("hits", hits, vec![0_i64, 0])
}

async fn a_met_row_count_is_no_obstacle(table: &Table<'_>) -> Outcome {
    let steps = vec![
        table.statement("INSERT INTO {t} (id, hits) VALUES (1, 0), (2, 0)").expecting(2),
        table.statement("DELETE FROM {t}").expecting(2),
    ];
    same("counts", table.sql().batch(steps).await?, vec![2, 2])
}

async fn a_row_count_of_zero_can_be_demanded(table: &Table<'_>) -> Outcome {
    let taken = |id| table.statement("UPDATE {t} SET hits = hits WHERE id = $1").bind(id).expecting(0);
    table.sql().batch(vec![taken(1_i64), insert(table, 1, 0)]).await?;
    let result = table.sql().batch(vec![insert(table, 2, 0), taken(1)]).await;
    refused("the second", result, |error| error.is_unexpected_rows_at(1))?;
    same("count", table.count().await?, 1)
}

async fn rows_that_a_step_returns_are_dropped(table: &Table<'_>) -> Outcome {
    let steps = vec![
        table.statement("INSERT INTO {t} (id, hits) VALUES (1, 0), (2, 0) RETURNING id").expecting(2),
        table.statement("SELECT * FROM {t}").into(),
        table.statement("UPDATE {t} SET hits = 1 RETURNING hits").into(),
    ];
    same("counts", table.sql().batch(steps).await?, vec![2, 0, 2])
}

async fn a_batch_may_be_long(table: &Table<'_>) -> Outcome {
    let steps: Vec<Step> = (0..200).map(|id| insert(table, id, id)).collect();
    same("counts", table.sql().batch(steps).await?, vec![1; 200])?;
    same("count", table.count().await?, 200)
}

async fn concurrent_batches_lose_no_update(table: &Table<'_>) -> Outcome {
    table.sql().batch(vec![insert(table, 0, 0)]).await?;
    let one = |id: i64| async move {
        let increment = table.statement("UPDATE {t} SET hits = hits + 1 WHERE id = 0").expecting(1);
        table.sql().batch(vec![insert(table, id, 0), increment]).await
    };
    for result in join_all((1..).take(CONCURRENT).map(one)).await {
        result?;
    }
    let hits = table.column::<i64>("SELECT hits FROM {t} WHERE id = 0", "hits").await?;
    let expected = i64::try_from(CONCURRENT).unwrap_or(i64::MAX);
    same("hits", hits, vec![expected])?;
    same("count", table.count().await?, expected + 1)
}

async fn a_failing_batch_leaves_its_neighbours_alone(table: &Table<'_>) -> Outcome {
    table.sql().batch(vec![insert(table, 0, 0)]).await?;
    let one = |id: i64| async move {
        // Every second one ends on a row that exists.
        let last = if id % 2 == 0 { 0 } else { 1000 + id };
        table.sql().batch(vec![insert(table, id, 1), insert(table, last, 1)]).await
    };
    let results = join_all((1..).take(CONCURRENT).map(one)).await;
    for (id, result) in (1_i64..).zip(results) {
        if id % 2 == 0 {
            refused("an even one", result, |error| matches!(error, SqlError::UniqueViolation(_)))?;
        } else {
            same("an odd one", result?, vec![1, 1])?;
        }
    }
    let left = table.column::<i64>("SELECT id FROM {t} WHERE id > 0 AND id < 1000 ORDER BY id", "id").await?;
    same("rows", left, (1..).step_by(2).take(CONCURRENT / 2).collect())
}

async fn of_concurrent_claims_one_wins(table: &Table<'_>) -> Outcome {
    table.sql().batch(vec![insert(table, 0, 0)]).await?;
    let claim = |id: i64| async move {
        let claim = table.statement("UPDATE {t} SET hits = $1 WHERE id = 0 AND hits = 0").bind(id).expecting(1);
        table.sql().batch(vec![insert(table, id, id), claim]).await
    };
    let results = join_all((1..).take(CONCURRENT).map(claim)).await;
    let winners: Vec<i64> = (1..).zip(&results).filter(|(_, result)| result.is_ok()).map(|(id, _)| id).collect();
    for result in results {
        if result.is_err() {
            refused("a loser", result, |error| error.is_unexpected_rows_at(1))?;
        }
    }
    let [winner] = winners[..] else { return Err(Failure(format!("{} won", winners.len()))) };
    same("hits", table.column("SELECT hits FROM {t} ORDER BY id", "hits").await?, vec![winner, winner])
}

async fn the_database_works_on_after_failures(table: &Table<'_>) -> Outcome {
    for id in 1..=30 {
        let bad = vec![insert(table, id, 0), insert(table, id, -1)];
        refused("a bad batch", table.sql().batch(bad).await, |_| true)?;
        same("a good one", table.sql().batch(vec![insert(table, id, 0)]).await?, vec![1])?;
    }
    same("count", table.count().await?, 30)
}
