//! Makes generated schemas say what the wire format guarantees.

use serde_json::{Map, Value, json};

/// Optional fields are absent instead of `null`, and formats that only Rust knows are removed.
pub(super) fn tidy(value: &mut Value) {
    match value {
        Value::Object(schema) => {
            if schema
                .get("format")
                .is_some_and(|format| matches!(format.as_str(), Some("uint" | "uint32" | "uint64" | "uint16")))
            {
                schema.remove("format");
            }
            let required = schema.get("required").cloned().unwrap_or_default();
            if let Some(Value::Object(properties)) = schema.get_mut("properties") {
                let is_required = |name: &str| required.as_array().is_some_and(|all| all.contains(&json!(name)));
                properties.iter_mut().filter(|(name, _)| !is_required(name)).for_each(|(_, field)| without_null(field));
            }
            // Generators of clients ignore fields next to `$ref`.
            if schema.contains_key("properties")
                && let Some(target) = schema.remove("$ref")
            {
                schema.insert("allOf".to_owned(), json!([{"$ref": target}]));
            }
            schema.values_mut().for_each(tidy);
        }
        Value::Array(values) => values.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn without_null(field: &mut Value) {
    let Value::Object(field) = field else { return };
    if let Some(Value::Array(types)) = field.get("type") {
        let types: Vec<_> = types.iter().filter(|kind| *kind != "null").cloned().collect();
        field.insert("type".to_owned(), if let [kind] = &types[..] { kind.clone() } else { json!(types) });
    }
    if let Some(Value::Array(choices)) = field.get("anyOf")
        && let [Value::Object(only), null] = &choices[..]
        && *null == json!({"type": "null"})
    {
        let only: Map<_, _> = only.clone();
        field.remove("anyOf");
        field.extend(only);
    }
}
