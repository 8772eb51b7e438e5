//! Between PostgreSQL's values and those of `spin:postgres`, type by type as Spin converts them.

use std::error::Error as StdError;

use bytes::{Buf as _, BufMut as _, BytesMut};
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _, Utc};
use postgres_range::{BoundSided, BoundType, Normalizable, Range, RangeBound};
use rust_decimal::Decimal;
use tokio_postgres::Row as PostgresRow;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::edge::bindings::spin::postgres::postgres::{
    Column, DbDataType, DbError, DbValue, Error, Interval, ParameterValue, QueryError, RangeBoundKind,
};

/// A parameter, ready to be sent.
pub(crate) type Parameter = Box<dyn ToSql + Send + Sync>;

type WitRange<T> = (Option<(T, RangeBoundKind)>, Option<(T, RangeBoundKind)>);
type SqlError = Box<dyn StdError + Sync + Send>;

/// The columns of a row.
pub(crate) fn columns_of(row: &PostgresRow) -> Vec<Column> {
    let column = |column: &tokio_postgres::Column| Column {
        name: column.name().to_owned(),
        data_type: data_type(column.type_()),
    };
    row.columns().iter().map(column).collect()
}

fn data_type(ty: &Type) -> DbDataType {
    match *ty {
        Type::BOOL => DbDataType::Boolean,
        Type::INT2 => DbDataType::Int16,
        Type::INT4 => DbDataType::Int32,
        Type::INT8 => DbDataType::Int64,
        Type::FLOAT4 => DbDataType::Floating32,
        Type::FLOAT8 => DbDataType::Floating64,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbDataType::Str,
        Type::BYTEA => DbDataType::Binary,
        Type::DATE => DbDataType::Date,
        Type::TIME => DbDataType::Time,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => DbDataType::Datetime,
        Type::UUID => DbDataType::Uuid,
        Type::JSONB => DbDataType::Jsonb,
        Type::NUMERIC => DbDataType::Decimal,
        Type::INT4_RANGE => DbDataType::RangeInt32,
        Type::INT8_RANGE => DbDataType::RangeInt64,
        Type::NUM_RANGE => DbDataType::RangeDecimal,
        Type::INT4_ARRAY => DbDataType::ArrayInt32,
        Type::INT8_ARRAY => DbDataType::ArrayInt64,
        Type::NUMERIC_ARRAY => DbDataType::ArrayDecimal,
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => DbDataType::ArrayStr,
        Type::INTERVAL => DbDataType::Interval,
        _ => DbDataType::Other(ty.name().to_owned()),
    }
}

/// The values of a row. The error is a sentence that names the column.
pub(crate) fn values_of(row: &PostgresRow) -> Result<Vec<DbValue>, String> {
    (0..row.len())
        .map(|index| value(row, index).map_err(|error| format!("column `{}`: {error}", row.columns()[index].name())))
        .collect()
}

fn value(row: &PostgresRow, index: usize) -> Result<DbValue, String> {
    /// Reads the column as `T` and converts what is not null.
    fn read<'a, T: FromSql<'a>>(
        row: &'a PostgresRow,
        index: usize,
        convert: impl FnOnce(T) -> DbValue,
    ) -> Result<DbValue, String> {
        let value: Option<T> = row.try_get(index).map_err(|error| error.to_string())?;
        Ok(value.map_or(DbValue::DbNull, convert))
    }
    match *row.columns()[index].type_() {
        Type::BOOL => read(row, index, DbValue::Boolean),
        Type::INT2 => read(row, index, DbValue::Int16),
        Type::INT4 => read(row, index, DbValue::Int32),
        Type::INT8 => read(row, index, DbValue::Int64),
        Type::FLOAT4 => read(row, index, DbValue::Floating32),
        Type::FLOAT8 => read(row, index, DbValue::Floating64),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => read(row, index, DbValue::Str),
        Type::BYTEA => read(row, index, DbValue::Binary),
        Type::DATE => {
            read(row, index, |date: NaiveDate| DbValue::Date((date.year(), small(date.month()), small(date.day()))))
        }
        Type::TIME => read(row, index, |time: NaiveTime| {
            DbValue::Time((small(time.hour()), small(time.minute()), small(time.second()), time.nanosecond()))
        }),
        // A timestamptz is read as one without a zone, which the driver refuses. Spin does the same, and a function
        // must not come to rely on more here than it finds there.
        Type::TIMESTAMP | Type::TIMESTAMPTZ => read(row, index, |time: NaiveDateTime| {
            DbValue::Datetime((
                time.year(),
                small(time.month()),
                small(time.day()),
                small(time.hour()),
                small(time.minute()),
                small(time.second()),
                time.nanosecond(),
            ))
        }),
        Type::UUID => read(row, index, |id: uuid::Uuid| DbValue::Uuid(id.to_string())),
        Type::JSONB => read(row, index, |json: serde_json::Value| DbValue::Jsonb(json.to_string().into_bytes())),
        Type::NUMERIC => read(row, index, |number: Decimal| DbValue::Decimal(number.to_string())),
        Type::INT4_RANGE => read(row, index, |range| DbValue::RangeInt32(range_to_wit(&range, |bound: &i32| *bound))),
        Type::INT8_RANGE => read(row, index, |range| DbValue::RangeInt64(range_to_wit(&range, |bound: &i64| *bound))),
        Type::NUM_RANGE => read(row, index, |range| {
            DbValue::RangeDecimal(range_to_wit(&range, |bound: &DecimalBound| bound.0.to_string()))
        }),
        Type::INT4_ARRAY => read(row, index, DbValue::ArrayInt32),
        Type::INT8_ARRAY => read(row, index, DbValue::ArrayInt64),
        Type::NUMERIC_ARRAY => read(row, index, |numbers: Vec<Option<Decimal>>| {
            DbValue::ArrayDecimal(numbers.into_iter().map(|number| number.map(|number| number.to_string())).collect())
        }),
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => read(row, index, DbValue::ArrayStr),
        Type::INTERVAL => read(row, index, |Span(interval)| DbValue::Interval(interval)),
        _ => read(row, index, |Raw(bytes)| DbValue::Unsupported(bytes)),
    }
}

/// Months, days, hours, minutes and seconds fit a byte.
fn small(part: u32) -> u8 {
    u8::try_from(part).unwrap_or(u8::MAX)
}

/// The bytes that a row takes, roughly.
pub(crate) fn row_size(row: &[DbValue]) -> usize {
    let of = |value: &DbValue| match value {
        DbValue::Str(text) | DbValue::Uuid(text) | DbValue::Decimal(text) => text.len(),
        DbValue::Binary(bytes) | DbValue::Jsonb(bytes) | DbValue::Unsupported(bytes) => bytes.len(),
        DbValue::ArrayInt32(values) => values.len() * size_of::<Option<i32>>(),
        DbValue::ArrayInt64(values) => values.len() * size_of::<Option<i64>>(),
        DbValue::ArrayDecimal(values) | DbValue::ArrayStr(values) => {
            values.iter().map(|text| size_of::<Option<String>>() + text.as_ref().map_or(0, String::len)).sum()
        }
        _ => 0,
    };
    row.iter().map(|value| size_of::<DbValue>() + of(value)).sum()
}

/// Parameters as the driver takes them. The error is a sentence about the one that is wrong.
pub(crate) fn parameters_of(parameters: Vec<ParameterValue>) -> Result<Vec<Parameter>, String> {
    parameters.into_iter().map(parameter).collect()
}

fn parameter(value: ParameterValue) -> Result<Parameter, String> {
    fn boxed(value: impl ToSql + Send + Sync + 'static) -> Parameter {
        Box::new(value)
    }
    Ok(match value {
        ParameterValue::Boolean(value) => boxed(value),
        ParameterValue::Int8(value) => boxed(value),
        ParameterValue::Int16(value) => boxed(value),
        ParameterValue::Int32(value) => boxed(value),
        ParameterValue::Int64(value) => boxed(value),
        ParameterValue::Floating32(value) => boxed(value),
        ParameterValue::Floating64(value) => boxed(value),
        ParameterValue::Str(value) => boxed(value),
        ParameterValue::Binary(value) => boxed(value),
        ParameterValue::Date((year, month, day)) => boxed(date(year, month, day)?),
        ParameterValue::Time((hour, minute, second, nanos)) => boxed(time(hour, minute, second, nanos)?),
        ParameterValue::Datetime((year, month, day, hour, minute, second, nanos)) => {
            boxed(NaiveDateTime::new(date(year, month, day)?, time(hour, minute, second, nanos)?))
        }
        ParameterValue::Timestamp(seconds) => {
            boxed(DateTime::<Utc>::from_timestamp(seconds, 0).ok_or_else(|| format!("no timestamp: {seconds}"))?)
        }
        ParameterValue::Uuid(text) => boxed(uuid::Uuid::parse_str(&text).map_err(|error| format!("no UUID: {error}"))?),
        ParameterValue::Jsonb(bytes) => {
            boxed(serde_json::from_slice::<serde_json::Value>(&bytes).map_err(|error| format!("no JSON: {error}"))?)
        }
        ParameterValue::Decimal(text) => boxed(decimal(&text)?),
        ParameterValue::RangeInt32(range) => boxed(range_of(range, Ok)?),
        ParameterValue::RangeInt64(range) => boxed(range_of(range, Ok)?),
        ParameterValue::RangeDecimal(range) => boxed(range_of(range, |text| decimal(&text).map(DecimalBound))?),
        ParameterValue::ArrayInt32(values) => boxed(values),
        ParameterValue::ArrayInt64(values) => boxed(values),
        ParameterValue::ArrayDecimal(values) => {
            let numbers = values.into_iter().map(|text| text.as_deref().map(decimal).transpose());
            boxed(numbers.collect::<Result<Vec<_>, _>>()?)
        }
        ParameterValue::ArrayStr(values) => boxed(values),
        ParameterValue::Interval(interval) => boxed(Span(interval)),
        ParameterValue::DbNull => boxed(Null),
    })
}

fn date(year: i32, month: u8, day: u8) -> Result<NaiveDate, String> {
    NaiveDate::from_ymd_opt(year, month.into(), day.into()).ok_or_else(|| format!("no date: {year}-{month}-{day}"))
}

fn time(hour: u8, minute: u8, second: u8, nanos: u32) -> Result<NaiveTime, String> {
    NaiveTime::from_hms_nano_opt(hour.into(), minute.into(), second.into(), nanos)
        .ok_or_else(|| format!("no time: {hour}:{minute}:{second}.{nanos:09}"))
}

fn decimal(text: &str) -> Result<Decimal, String> {
    Decimal::from_str_exact(text).map_err(|error| format!("no decimal number: {text}: {error}"))
}

fn range_to_wit<T: Normalizable + PartialOrd, W>(range: &Range<T>, convert: impl Fn(&T) -> W) -> WitRange<W> {
    fn kind(bound: BoundType) -> RangeBoundKind {
        match bound {
            BoundType::Inclusive => RangeBoundKind::Inclusive,
            BoundType::Exclusive => RangeBoundKind::Exclusive,
        }
    }
    let lower = range.lower().map(|bound| (convert(&bound.value), kind(bound.type_)));
    (lower, range.upper().map(|bound| (convert(&bound.value), kind(bound.type_))))
}

fn range_of<W, T: Normalizable + PartialOrd>(
    (lower, upper): WitRange<W>,
    convert: impl Fn(W) -> Result<T, String>,
) -> Result<Range<T>, String> {
    fn bound<S: BoundSided, T: Normalizable + PartialOrd>(value: T, kind: RangeBoundKind) -> RangeBound<S, T> {
        let kind = match kind {
            RangeBoundKind::Inclusive => BoundType::Inclusive,
            RangeBoundKind::Exclusive => BoundType::Exclusive,
        };
        RangeBound::new(value, kind)
    }
    let lower = lower.map(|(value, kind)| convert(value).map(|value| bound(value, kind))).transpose()?;
    let upper = upper.map(|(value, kind)| convert(value).map(|value| bound(value, kind))).transpose()?;
    Ok(Range::new(lower, upper))
}

/// What a failed statement tells the function.
pub(crate) fn query_failed(error: &tokio_postgres::Error) -> Error {
    let as_text = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
    let Some(database) = error.as_db_error() else { return Error::QueryFailed(QueryError::Text(as_text)) };
    let extras = [
        ("column", database.column().map(str::to_owned)),
        ("constraint", database.constraint().map(str::to_owned)),
        ("routine", database.routine().map(str::to_owned)),
        ("hint", database.hint().map(str::to_owned)),
        ("table", database.table().map(str::to_owned)),
        ("datatype", database.datatype().map(str::to_owned)),
        ("schema", database.schema().map(str::to_owned)),
        ("file", database.file().map(str::to_owned)),
        ("line", database.line().map(|line| line.to_string())),
        ("where_", database.where_().map(str::to_owned)),
    ];
    Error::QueryFailed(QueryError::DbError(DbError {
        as_text,
        severity: database.severity().to_owned(),
        code: database.code().code().to_owned(),
        message: database.message().to_owned(),
        detail: database.detail().map(str::to_owned),
        extras: extras.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
    }))
}

/// A value of a type that has no counterpart, as its bytes on the wire.
struct Raw(Vec<u8>);

impl FromSql<'_> for Raw {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, SqlError> {
        Ok(Self(raw.to_owned()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A null of whatever type the statement expects.
#[derive(Debug)]
struct Null;

impl ToSql for Null {
    fn to_sql(&self, _: &Type, _: &mut BytesMut) -> Result<IsNull, SqlError> {
        Ok(IsNull::Yes)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// An interval: microseconds, days and months, each on its own.
#[derive(Debug)]
struct Span(Interval);

impl ToSql for Span {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, SqlError> {
        out.put_i64(self.0.micros);
        out.put_i32(self.0.days);
        out.put_i32(self.0.months);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::INTERVAL
    }

    to_sql_checked!();
}

impl FromSql<'_> for Span {
    fn from_sql(_: &Type, mut raw: &[u8]) -> Result<Self, SqlError> {
        let micros = raw.try_get_i64()?;
        let days = raw.try_get_i32()?;
        Ok(Self(Interval { micros, days, months: raw.try_get_i32()? }))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::INTERVAL
    }
}

/// A decimal number as a bound of a range.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct DecimalBound(Decimal);

impl Normalizable for DecimalBound {
    // Between two decimal numbers there is always another, so both kinds of bound stay as they are.
    fn normalize<S: BoundSided>(bound: RangeBound<S, Self>) -> RangeBound<S, Self> {
        bound
    }
}

impl ToSql for DecimalBound {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, SqlError> {
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <Decimal as ToSql>::accepts(ty)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for DecimalBound {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, SqlError> {
        Ok(Self(<Decimal as FromSql>::from_sql(ty, raw)?))
    }

    fn accepts(ty: &Type) -> bool {
        <Decimal as FromSql>::accepts(ty)
    }
}
