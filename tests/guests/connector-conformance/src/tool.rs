//! The form of most tools here.

/// A content tool without arguments whose answer is an expression.
macro_rules! tool {
    ($(#[$doc:meta])* $type:ident, $name:literal, $description:literal, |$round:ident| $answer:expr) => {
        $(#[$doc])*
        pub struct $type;

        impl bulkhead_connector_kit::ContentTool for $type {
            const NAME: &'static str = $name;
            const TITLE: &'static str = $name;
            const DESCRIPTION: &'static str = $description;
            const ANNOTATIONS: bulkhead_connector_kit::Annotations = bulkhead_connector_kit::Annotations::COMPUTES;
            type Input = $crate::Nothing;

            fn call(
                _: $crate::Nothing,
                $round: &bulkhead_connector_kit::Round,
            ) -> Result<
                bulkhead_connector_kit::Turn<Vec<bulkhead_connector_kit::Content>>,
                bulkhead_connector_kit::ToolError,
            > {
                $answer
            }
        }
    };
}
