//! Bodies: bounded, and objects.

use std::fmt;
use std::marker::PhantomData;

use actix_web::web::{self, Bytes};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::{Code, Problem};

/// The largest body of a request in bytes: room for 1,000 members several times over. A larger one is answered with 413.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// A body of JSON, an object. What the `Content-Type` says of it does not matter.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // serde's own words name the field and the place, and nothing of ours.
    let parsed: Result<Object<T>, _> = serde_json::from_slice(body);
    parsed.map(|Object(fields)| fields).map_err(|error| Problem::malformed(format!("the body: {error}")))
}

/// A JSON object with the fields of `T`: derived structs alone would also take an array of their fields.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

pub(crate) async fn read_body(payload: web::Payload) -> Result<Bytes, Problem> {
    match payload.to_bytes_limited(BODY_BYTES_MAX).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(Problem::malformed("the body ended early")),
        Err(_) => Err(Problem::new(Code::PayloadTooLarge, format!("a body has at most {BODY_BYTES_MAX} bytes"))),
    }
}
