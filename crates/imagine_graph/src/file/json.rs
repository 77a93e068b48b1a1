//! Strict JSON: the parser rejects duplicate names, numbers beyond `f32` and endless lists, which serde_json accepts; the writer
//! is canonical.

use std::cell::Cell;
use std::fmt::Write;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Maximum number of values in one JSON text: each takes far more memory than its text.
const MAX_VALUES: usize = 1 << 20;
/// An object counts as this many values.
const OBJECT_VALUES: usize = 8;

/// Parses `text`. Nesting is limited to serde_json's 128 levels.
pub(super) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let left = Cell::new(MAX_VALUES);
    let value = StrictVisitor { left: &left }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct StrictVisitor<'a> {
    left: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for StrictVisitor<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.spend(1)?;
        deserializer.deserialize_any(self)
    }
}

impl StrictVisitor<'_> {
    fn spend<E: Error>(self, values: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(values);
        self.left.set(left.ok_or_else(|| E::custom(format!("more than {MAX_VALUES} values")))?);
        Ok(())
    }
}

impl<'de> Visitor<'de> for StrictVisitor<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if !(value as f32).is_finite() {
            return Err(E::custom(format!("number {value:e} is beyond the range of f32")));
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number is not finite"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.spend(OBJECT_VALUES - 1)?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("duplicate name {}", shortened(&key))));
            }
            let value = access.next_value_seed(self)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// `name` in quotes, shortened to 200 characters.
pub(super) fn shortened(name: &str) -> String {
    match name.char_indices().nth(200) {
        Some((end, _)) => format!("{:?}...", &name[..end]),
        None => format!("{name:?}"),
    }
}

/// Canonical text: no white space, sorted names, shortest numbers.
pub(super) fn text(value: &Value) -> String {
    let mut text = String::new();
    append(value, &mut text);
    text
}

fn append(value: &Value, text: &mut String) {
    match value {
        Value::Array(values) => {
            text.push('[');
            for (index, value) in values.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                append(value, text);
            }
            text.push(']');
        }
        Value::Object(map) => {
            // Features of the build decide whether serde_json sorts its maps.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (index, (name, value)) in entries.into_iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                append(&Value::String(name.clone()), text);
                text.push(':');
                append(value, text);
            }
            text.push('}');
        }
        Value::Number(number) => append_number(number, text),
        // Strings and constants have only one form.
        other => write!(text, "{other}").expect("writing to a string cannot fail"),
    }
}

/// Writes a number that is an `f32` as one, which is shorter: `0.1`.
fn append_number(number: &Number, text: &mut String) {
    let wide = number.to_string();
    let exact = number.as_f64().filter(|_| number.is_f64());
    let narrow = exact.map(|value| value as f32).filter(|narrow| Some(f64::from(*narrow)) == exact);
    let short = narrow.and_then(|narrow| {
        let short = serde_json::to_string(&narrow).ok()?;
        let back: f64 = serde_json::from_str(&short).ok()?;
        (back as f32 == narrow).then_some(short)
    });
    text.push_str(&short.unwrap_or(wide));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_input_that_serde_json_accepts() {
        for (text, fault) in [
            (r#"{"a": 1, "a": 2}"#, "duplicate name \"a\""),
            (r#"[{"b": {"a": 1, "a": 2}}]"#, "duplicate name \"a\""),
            ("[1e39]", "number 1e39 is beyond the range of f32"),
            ("[1] 2", "trailing characters"),
            (&"[".repeat(200), "recursion limit"),
            (&format!("[{}0]", "0,".repeat(MAX_VALUES)), "more than 1048576 values"),
            (&format!("[{}0]", "{},".repeat(MAX_VALUES / OBJECT_VALUES)), "more than 1048576 values"),
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(fault), "{message}");
        }
    }

    #[test]
    fn numbers_are_short_and_survive_a_round_trip() {
        for value in [0.1f32, 1e-30, 3.0, f32::MAX, f32::MIN_POSITIVE, 1.0 / 3.0, 16_777_216.0] {
            let written = text(&serde_json::to_value(value).unwrap());
            assert!(written.len() <= 16, "{written}");
            assert_eq!(serde_json::from_value::<f32>(parse(&written).unwrap()).unwrap(), value);
        }
        assert_eq!(text(&parse(r#"{"b": [1, -2, 0.5], "a": "x\n"}"#).unwrap()), r#"{"a":"x\n","b":[1,-2,0.5]}"#);
    }
}
