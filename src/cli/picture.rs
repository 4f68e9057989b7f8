//! `veritrail picture`

use super::Arguments;
use super::ask::FormatArgument;
use super::output::ExitCode;
use anyhow::{Context, bail};
use clap::Args;
use std::path::Path;
use veritrail::config::Config;
use veritrail::engine::PictureReport;
use veritrail::model::{ExifFacts, PictureFacts};
use veritrail::picture::{Picture, media_type};

/// Example: `veritrail picture data/example/pictures/sign-electric.png`
#[derive(Debug, Args)]
pub(super) struct PictureArguments {
    /// A file, or a picture of the knowledge base by source path or IRI.
    picture: String,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArgument,
}

pub(super) fn run(arguments: &Arguments, picture: &PictureArguments) -> anyhow::Result<ExitCode> {
    let path = Path::new(&picture.picture);
    let report =
        if path.is_file() { of_file(arguments, path)? } else { known(arguments, picture)? };
    match picture.format {
        FormatArgument::Json => println!("{}", serde_json::to_string_pretty(&report)?),
        FormatArgument::Text => print(&report),
    }
    Ok(ExitCode::Success)
}

fn of_file(arguments: &Arguments, path: &Path) -> anyhow::Result<PictureReport> {
    let config = Config::load(&arguments.kb().join("veritrail.toml"))?;
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let decoded = Picture::decode(&bytes)
        .with_context(|| format!("{} is no picture that can be read", path.display()))?;
    let (facts, _) = decoded.into_facts(config.ingest.picture_location);
    Ok(PictureReport {
        source: path.display().to_string(),
        media_type: media_type(&bytes).context("the kind of the picture is not known")?,
        facts,
        shown_by: Vec::new(),
        near_duplicates: Vec::new(),
    })
}

fn known(arguments: &Arguments, picture: &PictureArguments) -> anyhow::Result<PictureReport> {
    match arguments.open()?.picture(&picture.picture)? {
        Some(report) => Ok(report),
        None => bail!(
            "expected a file, or the source path or IRI of a picture in {}, found neither for `{}`",
            arguments.kb().display(),
            picture.picture
        ),
    }
}

fn print(report: &PictureReport) {
    let PictureFacts { width_px, height_px, orientation, pixels, hash, colours, exif, .. } =
        &report.facts;
    println!("{}", report.source);
    println!("kind            {}", report.media_type.as_str());
    println!("size            {width_px} x {height_px} pixels, orientation {orientation}");
    for (name, value) in [
        ("taken", exif.taken_at.clone().unwrap_or_default()),
        ("camera", words(&[exif.make.clone(), exif.model.clone(), exif.lens.clone()])),
        ("exposure", exposure(exif)),
        ("software", exif.software.clone().unwrap_or_default()),
    ] {
        if !value.is_empty() {
            println!("{name:<16}{value}");
        }
    }
    if let Some(place) = exif.location {
        let height = place.altitude_m.map_or_else(String::new, |m| format!(", {m:.0} m"));
        println!("place           {:.5}, {:.5}{height}", place.latitude, place.longitude);
    }
    for colour in colours {
        println!("colour          {:.2} {} {}", colour.share, colour.name, colour.rgb);
    }
    match hash {
        Some(hash) => println!("hash            {hash}"),
        None => println!("hash            none, the surface is even"),
    }
    println!("pixels          {pixels}");
    for source in &report.shown_by {
        println!("shown by        {source}");
    }
    for near in &report.near_duplicates {
        println!("near-duplicate  {} ({} bits differ)", near.source, near.n_bits);
    }
}

fn exposure(exif: &ExifFacts) -> String {
    let time = exif
        .exposure_s
        .map(|s| if s < 0.5 { format!("1/{:.0} s", 1.0 / s) } else { format!("{s:.1} s") });
    words(&[
        time,
        exif.f_number.map(|number| format!("f/{number:.1}")),
        exif.iso.map(|iso| format!("ISO {iso}")),
        exif.focal_length_mm.map(|mm| format!("{mm:.0} mm")),
    ])
}

fn words(parts: &[Option<String>]) -> String {
    parts.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ")
}
