//! Small writers of documents, sound and damaged.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A PDF of numbered objects, the first being the catalogue.
pub(crate) fn pdf_of(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (i, object) in objects.iter().enumerate() {
        offsets.push(pdf.len());
        pdf.extend(format!("{} 0 obj\n", i + 1).into_bytes());
        pdf.extend(object);
        pdf.extend(b"\nendobj\n");
    }
    let xref = pdf.len();
    let n = objects.len() + 1;
    pdf.extend(format!("xref\n0 {n}\n0000000000 65535 f \n").into_bytes());
    for offset in offsets {
        pdf.extend(format!("{offset:010} 00000 n \n").into_bytes());
    }
    pdf.extend(
        format!("trailer\n<< /Size {n} /Root 1 0 R {trailer} >>\nstartxref\n{xref}\n%%EOF\n")
            .into_bytes(),
    );
    pdf
}

/// A stream object.
pub(crate) fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut object = format!("<< {dictionary} /Length {} >>\nstream\n", data.len()).into_bytes();
    object.extend(data);
    object.extend(b"\nendstream");
    object
}

/// A PDF with one content stream for each page, and objects from number 4 on that
/// all pages know by `resources`.
pub(crate) fn pdf_with(pages: &[Vec<u8>], resources: &str, shared: &[Vec<u8>]) -> Vec<u8> {
    let first_page = 4 + shared.len();
    let numbers: Vec<usize> = (0..pages.len()).map(|i| first_page + 2 * i).collect();
    let kids: Vec<String> = numbers.iter().map(|number| format!("{number} 0 R")).collect();
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en) >>".to_vec(),
        format!("<< /Type /Pages /Count {} /Kids [{}] >>", pages.len(), kids.join(" "))
            .into_bytes(),
        font.as_bytes().to_vec(),
    ];
    objects.extend(shared.iter().cloned());
    for (page, number) in pages.iter().zip(numbers) {
        objects.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {} 0 R /Resources << /Font << /F 3 0 R >> {resources} >> >>",
                number + 1
            )
            .into_bytes(),
        );
        objects.push(page.clone());
    }
    pdf_of(&objects, "")
}

/// The content of a page with one line of text below the other.
pub(crate) fn text_page(lines: &[&str]) -> Vec<u8> {
    let mut content = "BT /F 12 Tf 50 700 Td 14 TL\n".to_owned();
    for line in lines {
        content.push_str(&format!("({line}) Tj T*\n"));
    }
    content.push_str("ET\n");
    stream("/Filter /FlateDecode", &deflated(content.as_bytes()))
}

/// Bytes as a zlib stream.
pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Zeros as a zlib stream, made without having them all in memory.
pub(crate) fn deflated_zeros(n_bytes: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let block = vec![0; 1 << 20];
    for _ in 0..n_bytes >> 20 {
        encoder.write_all(&block).unwrap();
    }
    encoder.finish().unwrap()
}

/// A ZIP container of named parts.
pub(crate) fn container(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in parts {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A Word document with this body and further parts.
pub(crate) fn docx(body: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
    let main = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><w:document xmlns:w=\"w\" xmlns:r=\"r\"><w:body>{body}</w:body></w:document>"
    );
    let mut all: Vec<(&str, &[u8])> =
        vec![("[Content_Types].xml", b"<Types/>"), ("word/document.xml", main.as_bytes())];
    all.extend(parts);
    container(&all)
}

/// A picture of 80 x 80 pixels as JPEG or PNG.
pub(crate) fn picture(format: image::ImageFormat) -> Vec<u8> {
    let pixels =
        image::RgbImage::from_fn(80, 80, |x, y| image::Rgb([x as u8 * 3, y as u8 * 3, 90]));
    let mut bytes = Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}
