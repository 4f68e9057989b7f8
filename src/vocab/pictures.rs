//! The vocabularies that describe how a picture was taken.

terms! {
    /// EXIF, the W3C vocabulary.
    exif = "http://www.w3.org/2003/12/exif/ns#" {
        /// Maker of the camera.
        MAKE = "make";
        /// Model of the camera.
        MODEL = "model";
        /// Program that wrote the file.
        SOFTWARE = "software";
        /// When the picture was taken.
        DATE_TIME_ORIGINAL = "dateTimeOriginal";
        /// Exposure in seconds.
        EXPOSURE_TIME = "exposureTime";
        /// Focal length divided by the aperture.
        F_NUMBER = "fNumber";
        /// Sensitivity by ISO 12232.
        ISO_SPEED_RATINGS = "isoSpeedRatings";
        /// Focal length in millimetres.
        FOCAL_LENGTH = "focalLength";
    }
}

terms! {
    /// Places by WGS 84.
    geo = "http://www.w3.org/2003/01/geo/wgs84_pos#" {
        /// Degrees north.
        LAT = "lat";
        /// Degrees east.
        LONG = "long";
        /// Metres above the sea.
        ALT = "alt";
    }
}
