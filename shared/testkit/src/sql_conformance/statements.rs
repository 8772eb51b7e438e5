//! Statements do what both databases' dialect says.

use super::table::Table;
use super::{Failure, Outcome, cases, same};

const COLUMNS: &str = "id BIGINT PRIMARY KEY, word TEXT, hits BIGINT NOT NULL DEFAULT 0";

cases! {
    a_change_counts_its_rows(COLUMNS),
    what_only_reads_affects_nothing(COLUMNS),
    an_insert_can_return_its_row(COLUMNS),
    an_update_can_return_its_rows(COLUMNS),
    a_conflict_can_be_ignored(COLUMNS),
    a_conflict_can_update(COLUMNS),
    limit_and_offset_are_parameters(COLUMNS),
    placeholders_may_repeat_and_come_in_any_order(COLUMNS),
    a_result_without_rows_is_empty(COLUMNS),
    a_query_for_one_row_gives_the_first(COLUMNS),
    placeholders_in_quotes_are_text(COLUMNS),
    a_common_table_expression_can_write(COLUMNS),
    a_read_sees_the_write_before_it(COLUMNS),
    a_cast_sum_is_a_whole_number(COLUMNS),
}

async fn fill(table: &Table<'_>, rows: i64) -> Result<(), Failure> {
    for id in 1..=rows {
        let insert = table.statement("INSERT INTO {t} (id, word) VALUES ($1, $2)").bind(id).bind(format!("w{id}"));
        table.sql().execute(insert).await?;
    }
    Ok(())
}

async fn a_change_counts_its_rows(table: &Table<'_>) -> Outcome {
    same("inserted", table.execute("INSERT INTO {t} (id) VALUES (1), (2), (3)").await?, 3)?;
    same("updated", table.execute("UPDATE {t} SET hits = 1 WHERE id > 1").await?, 2)?;
    same("updated none", table.execute("UPDATE {t} SET hits = 1 WHERE id > 9").await?, 0)?;
    same("deleted", table.execute("DELETE FROM {t}").await?, 3)?;
    same("deleted none", table.execute("DELETE FROM {t}").await?, 0)
}

async fn what_only_reads_affects_nothing(table: &Table<'_>) -> Outcome {
    let steps = ["INSERT INTO {t} (id) VALUES (1), (2)", "SELECT * FROM {t}", "DELETE FROM {t} WHERE id = 1"];
    let steps = steps.map(|text| table.statement(text).into()).into();
    same("a batch", table.sql().batch(steps).await?, vec![2, 0, 1])?;
    same("alone", table.execute("SELECT * FROM {t}").await?, 0)
}

async fn an_insert_can_return_its_row(table: &Table<'_>) -> Outcome {
    let insert = table.statement("INSERT INTO {t} (id, word) VALUES ($1, $2) RETURNING id, hits").bind(4).bind("a");
    let rows = table.sql().query(insert).await?;
    same("rows", rows.len(), 1)?;
    same("id", rows[0].get("id")?, 4_i64)?;
    same("hits", rows[0].get("hits")?, 0_i64)?;
    same("count", table.count().await?, 1)
}

async fn an_update_can_return_its_rows(table: &Table<'_>) -> Outcome {
    fill(table, 3).await?;
    let update = table.statement("UPDATE {t} SET hits = hits + $1 WHERE id >= $2 RETURNING id").bind(2).bind(2);
    let mut ids = Vec::new();
    for row in table.sql().query(update).await? {
        ids.push(row.get::<i64>("id")?);
    }
    ids.sort_unstable();
    same("ids", ids, vec![2, 3])?;
    let update = table.statement("UPDATE {t} SET hits = 1 WHERE id = $1 RETURNING id").bind(9);
    same("none", table.sql().query_optional(update).await?.is_none(), true)
}

async fn a_conflict_can_be_ignored(table: &Table<'_>) -> Outcome {
    let insert = "INSERT INTO {t} (id, word) VALUES (1, 'a') ON CONFLICT (id) DO NOTHING";
    same("first", table.execute(insert).await?, 1)?;
    same("second", table.execute(insert).await?, 0)
}

async fn a_conflict_can_update(table: &Table<'_>) -> Outcome {
    for word in ["a", "b"] {
        let upsert = table
            .statement(
                "INSERT INTO {t} (id, word) VALUES (1, $1) \
                 ON CONFLICT (id) DO UPDATE SET word = excluded.word, hits = {t}.hits + 1",
            )
            .bind(word);
        same("affected", table.sql().execute(upsert).await?, 1)?;
    }
    same("word", table.column("SELECT word FROM {t}", "word").await?, vec!["b".to_owned()])?;
    same("hits", table.column("SELECT hits FROM {t}", "hits").await?, vec![1_i64])
}

async fn limit_and_offset_are_parameters(table: &Table<'_>) -> Outcome {
    fill(table, 5).await?;
    let page = table.statement("SELECT id FROM {t} ORDER BY id DESC LIMIT $1 OFFSET $2").bind(2).bind(1);
    let rows = table.sql().query(page).await?;
    let ids: Vec<i64> = rows.iter().filter_map(|row| row.get("id").ok()).collect();
    same("ids", ids, vec![4, 3])
}

async fn placeholders_may_repeat_and_come_in_any_order(table: &Table<'_>) -> Outcome {
    let insert = table
        .statement("INSERT INTO {t} (hits, word, id) VALUES ($3, $1, $2), ($2, $1, $3)")
        .bind("twice")
        .bind(10)
        .bind(20);
    same("inserted", table.sql().execute(insert.clone()).await?, 2)?;
    table.execute("DELETE FROM {t}").await?;
    same("inserted in a batch", table.sql().batch(vec![insert.into()]).await?, vec![2])?;
    same("ids", table.column("SELECT id FROM {t} ORDER BY id", "id").await?, vec![10_i64, 20])?;
    same("hits", table.column("SELECT hits FROM {t} ORDER BY id", "hits").await?, vec![20_i64, 10])?;
    let select = table.statement("SELECT id FROM {t} WHERE id > $2 AND hits < $2 AND word = $1 AND hits <> $3");
    let rows = table.sql().query(select.bind("twice").bind(15).bind(0)).await?;
    same("found", rows.len(), 1)
}

async fn a_result_without_rows_is_empty(table: &Table<'_>) -> Outcome {
    same("rows", table.query("SELECT id, word FROM {t}").await?.len(), 0)?;
    let one = table.sql().query_optional(table.statement("SELECT id FROM {t}")).await?;
    same("one", one.is_none(), true)?;
    same("an empty batch", table.sql().batch(Vec::new()).await?, Vec::new())
}

async fn a_query_for_one_row_gives_the_first(table: &Table<'_>) -> Outcome {
    fill(table, 2).await?;
    let row = table.sql().query_optional(table.statement("SELECT id FROM {t} ORDER BY id")).await?;
    same("id", row.map(|row| row.get::<i64>("id")).transpose()?, Some(1))
}

async fn placeholders_in_quotes_are_text(table: &Table<'_>) -> Outcome {
    let insert = table.statement("INSERT INTO {t} (id, word) VALUES ($1, 'it''s $1')").bind(1);
    table.sql().execute(insert.clone()).await?;
    table.execute("DELETE FROM {t}").await?;
    table.sql().batch(vec![insert.into()]).await?;
    let select = table.statement("SELECT word AS \"a $1\" FROM {t} WHERE id = $1").bind(1);
    let row = table.sql().query_optional(select).await?;
    same("word", row.map(|row| row.get("a $1")).transpose()?, Some("it's $1".to_owned()))
}

async fn a_common_table_expression_can_write(table: &Table<'_>) -> Outcome {
    fill(table, 2).await?;
    let copy = "WITH old AS (SELECT id + 10 AS id, word FROM {t}) INSERT INTO {t} (id, word) \
                SELECT id, word FROM old WHERE id > 0 RETURNING id";
    same("copied", table.query(copy).await?.len(), 2)?;
    same("count", table.count().await?, 4)?;
    same("read", table.query("WITH a AS (SELECT id FROM {t}) SELECT id FROM a").await?.len(), 4)
}

async fn a_read_sees_the_write_before_it(table: &Table<'_>) -> Outcome {
    for id in 1..=20 {
        table.sql().execute(table.statement("INSERT INTO {t} (id) VALUES ($1)").bind(id)).await?;
        same("count", table.count().await?, id)?;
    }
    Ok(())
}

async fn a_cast_sum_is_a_whole_number(table: &Table<'_>) -> Outcome {
    let text = "SELECT CAST(coalesce(sum(id), 0) AS BIGINT) AS total FROM {t}";
    same("of nothing", table.column(text, "total").await?, vec![0_i64])?;
    fill(table, 4).await?;
    same("of four", table.column(text, "total").await?, vec![10_i64])
}
