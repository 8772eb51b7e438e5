-- Runs the steps of an atomic batch in one statement.
--
-- A Spin function reaches PostgreSQL through a pooled connection, and a guest that traps between BEGIN and COMMIT
-- would hand that connection to the next caller with the transaction still open. One statement can't be left
-- half-way: PostgreSQL ends it, and its implicit transaction, whatever becomes of whoever sent it.
--
-- `steps` is a JSON array of {"sql": text, "parameters": array, "rows": integer or absent}. A step's text reads its
-- parameters from `$1`, the array. A step that affects another number of rows than `rows` raises BH001 with the
-- detail `{"step": n, "expected": n, "affected": n}`. The result is a JSON array of the rows that each step affected.
-- It runs with the rights of its caller, so it can do nothing that the caller could not do statement by statement.
CREATE FUNCTION bulkhead_batch(steps text) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    step jsonb;
    position bigint;
    affected bigint;
    counts jsonb := '[]';
BEGIN
    FOR step, position IN
        SELECT element, ordinality - 1 FROM jsonb_array_elements(steps::jsonb) WITH ORDINALITY AS s (element, ordinality)
        ORDER BY ordinality
    LOOP
        EXECUTE step ->> 'sql' USING step -> 'parameters';
        GET DIAGNOSTICS affected = ROW_COUNT;
        IF step ? 'rows' AND affected <> (step ->> 'rows')::bigint THEN
            RAISE EXCEPTION USING
                ERRCODE = 'BH001',
                MESSAGE = 'a step affected an unexpected number of rows',
                DETAIL = jsonb_build_object(
                    'step', position, 'expected', (step ->> 'rows')::bigint, 'affected', affected)::text;
        END IF;
        counts := counts || to_jsonb(affected);
    END LOOP;
    RETURN counts::text;
END
$$;
