//! Times in files, as RFC 3339 writes them.

use serde::{Deserialize, Deserializer, Serializer, de, ser};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(super) fn serialize<S: Serializer>(
    moment: &OffsetDateTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&moment.format(&Rfc3339).map_err(ser::Error::custom)?)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<OffsetDateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    OffsetDateTime::parse(&text, &Rfc3339).map_err(de::Error::custom)
}

/// The same for times that may be missing.
pub(super) mod option {
    use super::{Deserialize, Deserializer, OffsetDateTime, Rfc3339, Serializer, de, ser};

    pub(in crate::access) fn serialize<S: Serializer>(
        moment: &Option<OffsetDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match moment {
            None => serializer.serialize_none(),
            Some(moment) => {
                serializer.serialize_some(&moment.format(&Rfc3339).map_err(ser::Error::custom)?)
            }
        }
    }

    pub(in crate::access) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let parse = |text: String| OffsetDateTime::parse(&text, &Rfc3339);
        text.map(parse).transpose().map_err(de::Error::custom)
    }
}
