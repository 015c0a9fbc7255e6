//! What is recorded of a content, encrypted beside it: said by the verb, by the source, or taken over.

use hospital_record_core::record::metadata::Metadata;

/// What is recorded of the content, as far as somebody said it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Details {
    pub(crate) name: Option<String>,
    pub(crate) media_type: Option<String>,
    /// Seconds since 1970, negative before.
    pub(crate) created: Option<i64>,
    pub(crate) document_type: Option<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
}

impl Details {
    /// What is not said here is taken from `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            media_type: self.media_type.or(other.media_type),
            created: self.created.or(other.created),
            document_type: self.document_type.or(other.document_type),
            keywords: if self.keywords.is_empty() { other.keywords } else { self.keywords },
            title: self.title.or(other.title),
            description: self.description.or(other.description),
        }
    }
}

impl From<Metadata> for Details {
    fn from(old: Metadata) -> Self {
        Self {
            name: Some(old.name),
            media_type: Some(old.media_type),
            created: old.created,
            document_type: old.document_type,
            keywords: old.keywords,
            title: old.title,
            description: old.description,
        }
    }
}

/// Setters of what several records may have in common, for a builder with a field `details`.
macro_rules! shared_details {
    ($builder:ident) => {
        impl $builder {
            /// IANA media type, such as `application/dicom`.
            pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
                self.details.media_type = Some(media_type.into());
                self
            }

            /// LOINC code of the kind of document, such as `11502-2`.
            pub fn document_type(mut self, loinc: impl Into<String>) -> Self {
                self.details.document_type = Some(loinc.into());
                self
            }

            /// When the content came to be.
            pub fn created(mut self, time: std::time::SystemTime) -> Self {
                self.details.created = Some(crate::base::time::seconds(time));
                self
            }

            /// Free keywords.
            pub fn keywords(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.details.keywords = words.into_iter().map(Into::into).collect();
                self
            }
        }
    };
}
pub(crate) use shared_details;

/// Setters of what belongs to one record alone, for a builder with a field `details`.
macro_rules! own_details {
    ($builder:ident) => {
        impl $builder {
            /// The name that is recorded, when it is not the source's own (or the older version's).
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.details.name = Some(name.into());
                self
            }

            /// A title for people.
            pub fn title(mut self, title: impl Into<String>) -> Self {
                self.details.title = Some(title.into());
                self
            }

            /// A description for people.
            pub fn description(mut self, description: impl Into<String>) -> Self {
                self.details.description = Some(description.into());
                self
            }
        }
    };
}
pub(crate) use own_details;
