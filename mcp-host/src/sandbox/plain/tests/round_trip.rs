//! Values of random types, there and back: nothing is lost, the JSON passes the schema, its size is counted exactly.

use proptest::collection::{hash_set, vec};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};
use wasmtime::component::Val;

use super::super::arguments::from_json;
use super::super::results::{Budget, Unconverted, to_json};
use super::super::schema::object;
use super::super::shape::{Case, Field, Integer, Label, Members, Shape};

/// Names as WIT has them.
fn names(count: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<String>> {
    hash_set("[a-z][a-z0-9]{0,5}(-[a-z][a-z0-9]{0,3})?", count).prop_map(|names| names.into_iter().collect())
}

fn leaf() -> impl Strategy<Value = Shape> {
    let integer = proptest::sample::select(vec![
        Integer::S8,
        Integer::U8,
        Integer::S16,
        Integer::U16,
        Integer::S32,
        Integer::U32,
        Integer::S64,
        Integer::U64,
    ]);
    let labels = || names(1..=6).prop_map(|names| names.into_iter().map(|name| Label { name, docs: None }).collect());
    prop_oneof![
        Just(Shape::Bool),
        integer.prop_map(Shape::Integer),
        Just(Shape::Float32),
        Just(Shape::Float64),
        Just(Shape::Char),
        Just(Shape::Text),
        Just(Shape::Bytes),
        labels().prop_map(|all| Shape::Enum(Members { docs: None, all })),
        labels().prop_map(|all| Shape::Flags(Members { docs: None, all })),
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    leaf().prop_recursive(5, 40, 4, |inner| {
        let side = || proptest::option::of(inner.clone().prop_map(Box::new));
        let fields = (names(4..=4), vec(inner.clone(), 1..=4)).prop_map(|(names, shapes)| {
            let field = |(name, shape)| Field { name, docs: None, shape };
            Shape::Record(Members { docs: None, all: names.into_iter().zip(shapes).map(field).collect() })
        });
        let cases = (names(4..=4), vec(proptest::option::of(inner.clone()), 1..=4)).prop_map(|(names, values)| {
            let case = |(name, value)| Case { name, docs: None, value };
            Shape::Variant(Members { docs: None, all: names.into_iter().zip(values).map(case).collect() })
        });
        prop_oneof![
            // `list<u8>` is a shape of its own.
            inner.clone().prop_map(|element| match element {
                Shape::Integer(Integer::U8) => Shape::Bytes,
                element => Shape::List(Box::new(element)),
            }),
            (prop_oneof![Just(Shape::Text), leaf()], inner.clone())
                .prop_map(|(key, value)| Shape::Map { key: Box::new(key), value: Box::new(value) }),
            vec(inner.clone(), 1..=4).prop_map(Shape::Tuple),
            inner.clone().prop_map(|inner| Shape::Option(Box::new(inner))),
            (side(), side()).prop_map(|(ok, err)| Shape::Result { ok, err }),
            fields,
            cases,
        ]
    })
}

fn some(value: Val) -> Option<Box<Val>> {
    Some(Box::new(value))
}

/// Values of a shape.
fn value(shape: &Shape) -> BoxedStrategy<Val> {
    match shape {
        Shape::Bool => any::<bool>().prop_map(Val::Bool).boxed(),
        Shape::Integer(integer) => match integer {
            Integer::S8 => any::<i8>().prop_map(Val::S8).boxed(),
            Integer::U8 => any::<u8>().prop_map(Val::U8).boxed(),
            Integer::S16 => any::<i16>().prop_map(Val::S16).boxed(),
            Integer::U16 => any::<u16>().prop_map(Val::U16).boxed(),
            Integer::S32 => any::<i32>().prop_map(Val::S32).boxed(),
            Integer::U32 => any::<u32>().prop_map(Val::U32).boxed(),
            Integer::S64 => {
                prop_oneof![any::<i64>(), -10..10_i64, Just(i64::MIN), Just(i64::MAX)].prop_map(Val::S64).boxed()
            }
            Integer::U64 => prop_oneof![any::<u64>(), 0..10_u64, Just(u64::MAX)].prop_map(Val::U64).boxed(),
        },
        Shape::Float32 => any::<u32>().prop_map(|bits| Val::Float32(f32::from_bits(bits))).boxed(),
        Shape::Float64 => any::<u64>().prop_map(|bits| Val::Float64(f64::from_bits(bits))).boxed(),
        Shape::Char => any::<char>().prop_map(Val::Char).boxed(),
        Shape::Text => any::<String>().prop_map(Val::String).boxed(),
        Shape::Bytes => vec(any::<u8>().prop_map(Val::U8), 0..20).prop_map(Val::List).boxed(),
        Shape::List(element) => vec(value(element), 0..4).prop_map(Val::List).boxed(),
        Shape::Map { key, value: member } if **key == Shape::Text => {
            // As JSON's reader sorts its members.
            proptest::collection::btree_map(any::<String>(), value(member), 0..4)
                .prop_map(|members| {
                    Val::Map(members.into_iter().map(|(name, member)| (Val::String(name), member)).collect())
                })
                .boxed()
        }
        Shape::Map { key, value: member } => vec((value(key), value(member)), 0..4).prop_map(Val::Map).boxed(),
        Shape::Tuple(shapes) => shapes.iter().map(value).collect::<Vec<_>>().prop_map(Val::Tuple).boxed(),
        Shape::Record(fields) => {
            let names: Vec<_> = fields.all.iter().map(|field| field.name.clone()).collect();
            let values: Vec<_> = fields.all.iter().map(|field| value(&field.shape)).collect();
            values.prop_map(move |values| Val::Record(names.iter().cloned().zip(values).collect())).boxed()
        }
        Shape::Variant(cases) => {
            let cases = cases.all.iter().map(|case| {
                let name = case.name.clone();
                match &case.value {
                    None => Just(Val::Variant(name, None)).boxed(),
                    Some(shape) => value(shape).prop_map(move |inner| Val::Variant(name.clone(), some(inner))).boxed(),
                }
            });
            proptest::strategy::Union::new(cases).boxed()
        }
        Shape::Enum(labels) => {
            let names: Vec<_> = labels.all.iter().map(|label| label.name.clone()).collect();
            proptest::sample::select(names).prop_map(Val::Enum).boxed()
        }
        Shape::Flags(labels) => {
            let names: Vec<_> = labels.all.iter().map(|label| label.name.clone()).collect();
            let count = names.len();
            subsequence(names, 0..=count).prop_map(Val::Flags).boxed()
        }
        Shape::Option(inner) => {
            prop_oneof![Just(Val::Option(None)), value(inner).prop_map(|inner| Val::Option(some(inner)))].boxed()
        }
        Shape::Result { ok, err } => {
            let side = |shape: &Option<Box<Shape>>| match shape {
                None => Just(None).boxed(),
                Some(shape) => value(shape).prop_map(some).boxed(),
            };
            prop_oneof![
                side(ok).prop_map(|value| Val::Result(Ok(value))),
                side(err).prop_map(|value| Val::Result(Err(value)))
            ]
            .boxed()
        }
    }
}

fn shape_and_value() -> impl Strategy<Value = (Shape, Val)> {
    shape().prop_flat_map(|shape| {
        let values = value(&shape);
        values.prop_map(move |value| (shape.clone(), value))
    })
}

fn parameter(shape: Shape) -> [Field; 1] {
    [Field { name: "x".to_owned(), docs: None, shape }]
}

/// Any JSON.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9-]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::hash_map("[a-z]{0,4}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn config() -> ProptestConfig {
    // A failing case is printed; it does not leave a file behind.
    ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn there_and_back_nothing_is_lost((shape, value) in shape_and_value()) {
        const ROOM: usize = 1 << 20;
        let mut budget = Budget::new(ROOM);
        let json = to_json(&shape, value.clone(), &mut budget).expect("there is room");
        let text = json.to_string();
        prop_assert_eq!(ROOM - budget.left(), text.len(), "the size of {}", text);
        // As it is read from the wire: not the same value in memory, but its text.
        let json: Value = serde_json::from_str(&text).expect("it is JSON");
        let parameters = parameter(shape);
        let schema = object(&parameters);
        let validator = jsonschema::draft202012::new(&schema).expect("a schema");
        let arguments = json!({ "x": json });
        let faults: Vec<_> = validator.iter_errors(&arguments).map(|error| error.to_string()).collect();
        prop_assert!(faults.is_empty(), "{:?} {}", faults, schema);
        let back = from_json(&parameters, &arguments);
        prop_assert_eq!(back, Ok(vec![value]));
    }

    #[test]
    fn one_byte_less_is_too_little((shape, value) in shape_and_value()) {
        let text = to_json(&shape, value.clone(), &mut Budget::new(1 << 20)).expect("there is room").to_string();
        prop_assert!(to_json(&shape, value.clone(), &mut Budget::new(text.len())).is_ok());
        let refused = to_json(&shape, value, &mut Budget::new(text.len() - 1));
        prop_assert_eq!(refused, Err(Unconverted::TooLarge));
    }

    #[test]
    fn what_is_taken_passes_the_schema_and_what_is_refused_has_a_fault((shape, json) in (shape(), json())) {
        let parameters = parameter(shape);
        let validator = jsonschema::draft202012::new(&object(&parameters)).expect("a schema");
        let arguments = json!({ "x": json });
        match from_json(&parameters, &arguments) {
            Ok(_) => prop_assert!(validator.is_valid(&arguments), "{}", arguments),
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }
}
