//! Details of a record's content, which become its metadata. The verb, the source or the old version gives them.

use hospital_record_core::record::metadata::Metadata;

/// The details that one of them gives.
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
    /// These details, and those of `other` where one is missing here.
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

/// Setters of details that several records can share, for a builder with a field `details`.
macro_rules! shared_details {
    ($builder:ident) => {
        impl $builder {
            /// The IANA media type, such as `application/dicom`.
            pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
                self.details.media_type = Some(media_type.into());
                self
            }

            /// The LOINC code of the document type, such as `11502-2`.
            pub fn document_type(mut self, loinc: impl Into<String>) -> Self {
                self.details.document_type = Some(loinc.into());
                self
            }

            /// When the content was created.
            pub fn created(mut self, time: std::time::SystemTime) -> Self {
                self.details.created = Some(crate::base::time::seconds(time));
                self
            }

            /// Keywords of your choice.
            pub fn keywords(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.details.keywords = words.into_iter().map(Into::into).collect();
                self
            }
        }
    };
}
pub(crate) use shared_details;

/// Setters of details of a single record, for a builder with a field `details`.
macro_rules! own_details {
    ($builder:ident) => {
        impl $builder {
            /// The record's name. Without it, the record has the name of the source or of the version that it replaces.
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
