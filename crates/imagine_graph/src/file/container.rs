//! The safetensors container: eight bytes of header length, a JSON header, the tensors' bytes.
//!
//! Not read through the `safetensors` crate, because that keeps one of two entries of the same name and writes metadata in the
//! order of a hash map. Tests compare with that crate.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::error::Fault;
use super::json;
use super::limits::{MAX_FILE_BYTES, MAX_HEADER_BYTES, MAX_TENSORS};
use crate::tensor::{MAX_ELEMENTS, MAX_RANK, elements};

const METADATA: &str = "__metadata__";
const LENGTH_BYTES: usize = 8;

/// A safetensors file with a valid header: every tensor has exactly the bytes that its shape needs.
pub(super) struct Container<'a> {
    pub metadata: BTreeMap<String, String>,
    pub tensors: BTreeMap<String, Entry<'a>>,
}

/// A tensor in a file.
pub(super) struct Entry<'a> {
    pub element_type: ElementType,
    pub shape: Vec<usize>,
    /// Elements in row-major order, little endian.
    pub bytes: std::borrow::Cow<'a, [u8]>,
}

/// Element types of stored weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ElementType {
    F32,
    I32,
    F16,
    U8,
    Bool,
}

impl ElementType {
    const ALL: [ElementType; 5] = [Self::F32, Self::I32, Self::F16, Self::U8, Self::Bool];

    pub(super) fn name(self) -> &'static str {
        match self {
            ElementType::F32 => "F32",
            ElementType::I32 => "I32",
            ElementType::F16 => "F16",
            ElementType::U8 => "U8",
            ElementType::Bool => "BOOL",
        }
    }

    fn bytes(self) -> usize {
        match self {
            ElementType::F32 | ElementType::I32 => 4,
            ElementType::F16 => 2,
            ElementType::U8 | ElementType::Bool => 1,
        }
    }
}

/// Reads the header of a file and checks it against the file's length.
pub(super) fn parse(bytes: &[u8]) -> Result<Container<'_>, Fault> {
    let (header, data) = split(bytes)?;
    let text = std::str::from_utf8(header).map_err(|error| {
        let bad = <serde_json::Error as serde::de::Error>::custom(error);
        Fault::Json { place: "header", error: bad }
    })?;
    let header_error = |error| Fault::Json { place: "header", error };
    let Value::Object(mut entries) = json::parse(text).map_err(header_error)? else {
        return Err(header_error(<serde_json::Error as serde::de::Error>::custom("expected a JSON object")));
    };
    let metadata = match entries.remove(METADATA) {
        Some(found) => serde_json::from_value(found).map_err(|error| Fault::Json { place: METADATA, error })?,
        None => BTreeMap::new(),
    };
    if entries.len() > MAX_TENSORS {
        let (found, limit) = (entries.len() as u64, MAX_TENSORS as u64);
        return Err(Fault::TooLarge { what: "number of tensors", found, limit });
    }
    let mut found = Vec::new();
    for (name, entry) in entries {
        found.push(tensor_entry(name, &entry)?);
    }
    let tensors = cut(found, data, bytes.len())?;
    Ok(Container { metadata, tensors })
}

/// Header and data.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let found = bytes.len() as u64;
    if found > MAX_FILE_BYTES {
        return Err(Fault::TooLarge { what: "file", found, limit: MAX_FILE_BYTES });
    }
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(Fault::Truncated { what: "length of the header", expected: LENGTH_BYTES as u64, found });
    };
    let length = u64::from_le_bytes(*length);
    if length > MAX_HEADER_BYTES {
        return Err(Fault::HeaderLength { found: length, limit: MAX_HEADER_BYTES });
    }
    let truncated = Fault::Truncated { what: "header", expected: LENGTH_BYTES as u64 + length, found };
    rest.split_at_checked(length as usize).ok_or(truncated)
}

struct HeaderEntry {
    name: String,
    element_type: ElementType,
    shape: Vec<usize>,
    begin: u64,
    end: u64,
}

fn tensor_entry(name: String, entry: &Value) -> Result<HeaderEntry, Fault> {
    let wrong = |expected| {
        let found = json::shortened(&json::text(entry));
        Fault::TensorEntry { tensor: name.clone(), expected, found }
    };
    let form = "an object of \"dtype\", \"shape\" and \"data_offsets\"";
    let fields = entry.as_object().filter(|fields| fields.len() == 3).ok_or_else(|| wrong(form))?;
    let numbers =
        |field: &str| -> Option<Vec<u64>> { fields.get(field)?.as_array()?.iter().map(Value::as_u64).collect() };
    let element_type = fields.get("dtype").and_then(Value::as_str).ok_or_else(|| wrong(form))?;
    let shape = numbers("shape").ok_or_else(|| wrong("a \"shape\" of whole numbers"))?;
    let [begin, end] = numbers("data_offsets")
        .and_then(|offsets| <[u64; 2]>::try_from(offsets).ok())
        .filter(|[begin, end]| begin <= end)
        .ok_or_else(|| wrong("two ascending \"data_offsets\""))?;
    let element_type = ElementType::ALL
        .into_iter()
        .find(|known| known.name() == element_type)
        .ok_or_else(|| Fault::ElementType { tensor: name.clone(), found: element_type.into() })?;
    let shape: Vec<usize> = shape.into_iter().map(|d| usize::try_from(d).unwrap_or(usize::MAX)).collect();
    check_shape(&name, &shape)?;
    let (expected, found) = (elements(&shape) as u64 * element_type.bytes() as u64, end - begin);
    if expected != found {
        return Err(Fault::ByteCount { tensor: name, shape, element_type: element_type.name(), expected, found });
    }
    Ok(HeaderEntry { name, element_type, shape, begin, end })
}

fn check_shape(name: &str, shape: &[usize]) -> Result<(), Fault> {
    let reason = if shape.len() > MAX_RANK {
        "more than 8 dimensions"
    } else if shape.contains(&0) {
        "an empty dimension"
    } else if elements(shape) > MAX_ELEMENTS {
        "more than 2^30 elements"
    } else {
        return Ok(());
    };
    let shape = shape.iter().take(MAX_RANK + 1).copied().collect();
    Err(Fault::Shape { tensor: name.into(), shape, reason })
}

/// Assigns every tensor its bytes; together they must cover the data exactly once.
fn cut(mut entries: Vec<HeaderEntry>, data: &[u8], file_length: usize) -> Result<BTreeMap<String, Entry<'_>>, Fault> {
    entries.sort_by(|a, b| (a.begin, a.end, &a.name).cmp(&(b.begin, b.end, &b.name)));
    let data_begin = (file_length - data.len()) as u64;
    let mut tensors = BTreeMap::new();
    let mut at = 0u64;
    for HeaderEntry { name, element_type, shape, begin, end } in entries {
        if begin != at {
            return Err(Fault::Offsets { tensor: name, expected: at, found: begin });
        }
        let Some(bytes) = usize::try_from(end).ok().and_then(|end| data.get(begin as usize..end)) else {
            let expected = data_begin.saturating_add(end);
            return Err(Fault::Truncated { what: "tensor data", expected, found: file_length as u64 });
        };
        at = end;
        tensors.insert(name, Entry { element_type, shape, bytes: bytes.into() });
    }
    if at != data.len() as u64 {
        return Err(Fault::TrailingData { expected: data_begin + at, found: file_length as u64 });
    }
    Ok(tensors)
}

/// The bytes of a file: sorted metadata, then tensors by descending element size (for alignment) and name; the header is padded
/// with spaces to a multiple of eight.
pub(super) fn serialize(metadata: &BTreeMap<String, String>, mut tensors: Vec<(String, Entry<'static>)>) -> Vec<u8> {
    tensors.sort_by(|(a, x), (b, y)| (y.element_type.bytes(), a).cmp(&(x.element_type.bytes(), b)));
    let metadata = Value::Object(metadata.iter().map(|(key, text)| (key.clone(), text.as_str().into())).collect());
    let mut header = format!("{{\"{METADATA}\":{}", json::text(&metadata));
    let mut begin = 0;
    for (name, Entry { element_type, shape, bytes }) in &tensors {
        let (name, shape) = (Value::from(name.as_str()), json::text(&shape.as_slice().into()));
        let (dtype, end) = (element_type.name(), begin + bytes.len());
        write!(header, ",{name}:{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{begin},{end}]}}")
            .expect("writing to a string cannot fail");
        begin = end;
    }
    header.push('}');
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(LENGTH_BYTES) - header.len()));
    let mut file = Vec::with_capacity(LENGTH_BYTES + header.len() + begin);
    file.extend((header.len() as u64).to_le_bytes());
    file.extend(header.as_bytes());
    tensors.iter().for_each(|(_, entry)| file.extend(entry.bytes.iter()));
    file
}
