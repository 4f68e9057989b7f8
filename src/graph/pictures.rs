//! Facts about pictures as triples of their version, and which pictures are nearly
//! the same.

use super::error::GraphError;
use super::read::Column;
use super::store::Store;
use super::triples::Triples;
use crate::model::{
    ColourShare, DocumentId, ExifFacts, FragmentId, Location, PictureFacts, Region,
};
use crate::vocab::{self, geo, vt};
use std::collections::{BTreeMap, HashMap};

/// Writes what is known of the picture of a version.
pub(super) fn describe_picture(triples: &mut Triples, version: &str, facts: &PictureFacts) {
    triples.count(version, vt::WIDTH_PX, facts.width_px as usize);
    triples.count(version, vt::HEIGHT_PX, facts.height_px as usize);
    triples.count(version, vt::ORIENTATION, usize::from(facts.orientation));
    triples.text(version, vt::PIXELS_SHA256, &facts.pixels.to_string());
    if let Some(hash) = facts.hash {
        triples.text(version, vt::PERCEPTUAL_HASH, &hash.to_string());
    }
    if let Some(grid) = facts.grid {
        triples.text(version, vt::COLOUR_GRID, &grid.to_string());
    }
    for (ordinal, colour) in facts.colours.iter().enumerate() {
        let id = format!("{version}/colour/{ordinal}");
        triples.link(version, vt::HAS_COLOUR, &id);
        triples.class(&id, vt::COLOUR_SHARE);
        triples.text(&id, vt::COLOUR_NAME, &colour.name);
        triples.text(&id, vt::RGB, &colour.rgb);
        triples.number(&id, vt::SHARE, colour.share);
    }
    let exif = &facts.exif;
    for (property, value) in [
        (vocab::exif::MAKE, &exif.make),
        (vocab::exif::MODEL, &exif.model),
        (vt::LENS, &exif.lens),
        (vocab::exif::SOFTWARE, &exif.software),
    ] {
        if let Some(value) = value {
            triples.text(version, property, value);
        }
    }
    if let Some(time) = &exif.taken_at {
        triples.time(version, vocab::exif::DATE_TIME_ORIGINAL, time);
    }
    let place = exif.location;
    for (property, value) in [
        (vocab::exif::EXPOSURE_TIME, exif.exposure_s),
        (vocab::exif::F_NUMBER, exif.f_number),
        (vocab::exif::FOCAL_LENGTH, exif.focal_length_mm),
        (geo::LAT, place.map(|place| place.latitude)),
        (geo::LONG, place.map(|place| place.longitude)),
        (geo::ALT, place.and_then(|place| place.altitude_m)),
    ] {
        if let Some(value) = value {
            triples.number(version, property, value);
        }
    }
    if let Some(iso) = exif.iso {
        triples.count(version, vocab::exif::ISO_SPEED_RATINGS, iso as usize);
    }
}

/// Writes the parts of a picture that have vectors of their own. Their IRIs are
/// media fragments of it.
pub(super) fn describe_regions(triples: &mut Triples, picture: &FragmentId, regions: &[Region]) {
    for region in regions {
        let part = picture.with_region(region);
        triples.class(part.as_str(), vt::REGION);
        triples.link(part.as_str(), vt::REGION_OF, picture.as_str());
    }
}

/// What the graph says about pictures, by property and subject.
pub(super) struct PictureColumns {
    columns: HashMap<&'static str, Column>,
    colours: HashMap<String, Vec<ColourShare>>,
}

/// Properties of which a version has one value at most.
const SINGLE: [&str; 18] = [
    vt::WIDTH_PX,
    vt::HEIGHT_PX,
    vt::ORIENTATION,
    vt::PIXELS_SHA256,
    vt::PERCEPTUAL_HASH,
    vt::COLOUR_GRID,
    vt::LENS,
    vocab::exif::MAKE,
    vocab::exif::MODEL,
    vocab::exif::SOFTWARE,
    vocab::exif::DATE_TIME_ORIGINAL,
    vocab::exif::EXPOSURE_TIME,
    vocab::exif::F_NUMBER,
    vocab::exif::FOCAL_LENGTH,
    vocab::exif::ISO_SPEED_RATINGS,
    geo::LAT,
    geo::LONG,
    geo::ALT,
];

impl PictureColumns {
    pub(super) fn read(store: &Store) -> Result<Self, GraphError> {
        let mut columns = HashMap::new();
        for property in SINGLE {
            columns.insert(property, store.column(property)?);
        }
        let (names, rgb) = (store.column(vt::COLOUR_NAME)?, store.column(vt::RGB)?);
        let shares = store.column(vt::SHARE)?;
        let mut colours: BTreeMap<String, BTreeMap<usize, ColourShare>> = BTreeMap::new();
        for (version, id) in store.pairs(vt::HAS_COLOUR)? {
            let colour = || {
                let ordinal = id.rsplit('/').next()?.parse().ok()?;
                let share = shares.get(&id)?.parse().ok()?;
                let (name, rgb) = (names.get(&id)?.clone(), rgb.get(&id)?.clone());
                Some((ordinal, ColourShare { name, rgb, share }))
            };
            colours.entry(version).or_default().extend(colour());
        }
        let colours =
            colours.into_iter().map(|(id, found)| (id, found.into_values().collect())).collect();
        Ok(Self { columns, colours })
    }

    /// The facts of the picture of a version; none when it has no picture. What
    /// earlier versions of the program did not write is empty.
    pub(super) fn facts(&self, version: &str) -> Option<PictureFacts> {
        Some(PictureFacts {
            width_px: self.parsed(version, vt::WIDTH_PX)?,
            height_px: self.parsed(version, vt::HEIGHT_PX)?,
            orientation: self.parsed(version, vt::ORIENTATION)?,
            pixels: self.parsed(version, vt::PIXELS_SHA256)?,
            hash: self.parsed(version, vt::PERCEPTUAL_HASH),
            grid: self.parsed(version, vt::COLOUR_GRID),
            colours: self.colours.get(version).cloned().unwrap_or_default(),
            exif: ExifFacts {
                make: self.parsed(version, vocab::exif::MAKE),
                model: self.parsed(version, vocab::exif::MODEL),
                lens: self.parsed(version, vt::LENS),
                software: self.parsed(version, vocab::exif::SOFTWARE),
                taken_at: self.parsed(version, vocab::exif::DATE_TIME_ORIGINAL),
                exposure_s: self.parsed(version, vocab::exif::EXPOSURE_TIME),
                f_number: self.parsed(version, vocab::exif::F_NUMBER),
                iso: self.parsed(version, vocab::exif::ISO_SPEED_RATINGS),
                focal_length_mm: self.parsed(version, vocab::exif::FOCAL_LENGTH),
                location: self.location(version),
            },
        })
    }

    fn location(&self, version: &str) -> Option<Location> {
        Some(Location {
            latitude: self.parsed(version, geo::LAT)?,
            longitude: self.parsed(version, geo::LONG)?,
            altitude_m: self.parsed(version, geo::ALT),
        })
    }

    fn parsed<T: std::str::FromStr>(&self, version: &str, property: &str) -> Option<T> {
        self.columns.get(property)?.get(version)?.parse().ok()
    }
}

impl Store {
    /// Makes these the pairs of documents whose pictures are nearly the same.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_near_duplicates(
        &self,
        pairs: &[(DocumentId, DocumentId)],
    ) -> Result<(), GraphError> {
        let mut triples = Triples::new();
        for (a, b) in pairs {
            triples.link(a.as_str(), vt::NEAR_DUPLICATE_OF, b.as_str());
            triples.link(b.as_str(), vt::NEAR_DUPLICATE_OF, a.as_str());
        }
        self.replace_graph(vocab::GRAPH_NEAR_DUPLICATES, triples.into_vec())
    }

    /// Keys of the parts of pictures, each with the fragment that shows the whole.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn picture_regions(&self) -> Result<Vec<(FragmentId, FragmentId)>, GraphError> {
        let pairs = self.pairs(vt::REGION_OF)?.into_iter();
        let id = |iri: String| FragmentId::from_iri(iri);
        Ok(pairs.map(|(part, whole)| (id(part), id(whole))).collect())
    }

    /// Pairs of documents whose pictures are nearly the same, each once, ordered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn near_duplicates(&self) -> Result<Vec<(DocumentId, DocumentId)>, GraphError> {
        let pairs = self.pairs(vt::NEAR_DUPLICATE_OF)?.into_iter();
        let mut pairs: Vec<_> = pairs
            .filter(|(a, b)| a < b)
            .map(|(a, b)| (DocumentId::from_iri(a), DocumentId::from_iri(b)))
            .collect();
        pairs.sort();
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ColourGrid, Digest, PictureHash};

    #[test]
    fn what_is_written_about_a_picture_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let text = |text: &str| Some(text.to_owned());
        let colour = |name: &str, rgb: &str, share| ColourShare {
            name: name.to_owned(),
            rgb: rgb.to_owned(),
            share,
        };
        let place = Location { latitude: -48.5, longitude: 9.01, altitude_m: Some(120.5) };
        let facts = PictureFacts {
            width_px: 40,
            height_px: 30,
            orientation: 6,
            pixels: Digest::of(b"x"),
            hash: Some(PictureHash(0x0123_4567_89ab_cdef)),
            grid: Some(ColourGrid([7; 192])),
            colours: vec![colour("white", "#fefefe", 0.7), colour("red", "#c01020", 0.3)],
            exif: ExifFacts {
                make: text("Maker"),
                model: text("X-10"),
                lens: text("50 mm"),
                software: text("1.0"),
                taken_at: text("2026-05-01T10:20:30"),
                exposure_s: Some(0.008),
                f_number: Some(2.8),
                iso: Some(400),
                focal_length_mm: Some(50.0),
                location: Some(place),
            },
        };
        let plain = PictureFacts {
            hash: None,
            grid: None,
            colours: Vec::new(),
            exif: ExifFacts::default(),
            ..facts.clone()
        };
        let mut triples = Triples::new();
        describe_picture(&mut triples, "urn:v:1", &facts);
        describe_picture(&mut triples, "urn:v:2", &plain);
        store.insert_graph("urn:g", triples.into_vec()).unwrap();
        let columns = PictureColumns::read(&store).unwrap();
        assert_eq!(columns.facts("urn:v:1"), Some(facts));
        assert_eq!(columns.facts("urn:v:2"), Some(plain));
        assert_eq!(columns.facts("urn:v:3"), None);
    }

    #[test]
    fn near_duplicates_are_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let id = DocumentId::from_source;
        store.set_near_duplicates(&[(id("a"), id("b")), (id("b"), id("c"))]).unwrap();
        store.set_near_duplicates(&[(id("c"), id("b"))]).unwrap();
        assert_eq!(store.near_duplicates().unwrap(), [(id("b"), id("c"))]);
    }
}
