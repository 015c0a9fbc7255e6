#!/usr/bin/env python3
"""Makes the demo's inputs in this folder: one DICOM image, one FHIR R4 Bundle, one PDF.

Ana Ribeiro and everybody else in them are invented. The same files come out every time.

    .tools/venv/bin/python examples/data/make.py
"""

import array
import json
import math
from pathlib import Path

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

HERE = Path(__file__).parent
# UIDs of the form 2.25.<UUID as a number> need no registration.
UID = "2.25.329800735698586629295641978511506172918"


def ct_image():
    """One slice of a water phantom with four inserts, as a CT scanner would store it: 12 bits in 16, offset 1024."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = UID + ".1.1"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID + ".0"

    image = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    image.SpecificCharacterSet = "ISO_IR 192"
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.SOPClassUID = CTImageStorage
    image.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    image.StudyDate = image.SeriesDate = image.ContentDate = "20260305"
    image.StudyTime = image.SeriesTime = image.ContentTime = "091500"
    image.AccessionNumber = "SYN-0001"
    image.Modality = "CT"
    image.Manufacturer = "Synthetic"
    image.InstitutionName = "Example Hospital"
    image.ReferringPhysicianName = "Lee^Min"
    image.StudyDescription = "CT chest (synthetic phantom)"
    image.PatientName = "Ribeiro^Ana"
    image.PatientID = "SYNTHETIC-1"
    image.PatientBirthDate = "19790214"
    image.PatientSex = "F"
    image.StudyInstanceUID = UID
    image.SeriesInstanceUID = UID + ".1"
    image.FrameOfReferenceUID = UID + ".2"
    image.StudyID = "1"
    image.SeriesNumber = image.InstanceNumber = 1
    image.PositionReferenceIndicator = ""
    image.BodyPartExamined = "CHEST"
    image.KVP = 120
    image.SliceThickness = 5
    image.ImagePositionPatient = [-128, -128, 0]
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]

    side = 192
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.Rows = image.Columns = side
    image.PixelSpacing = [1.333, 1.333]
    image.BitsAllocated = 16
    image.BitsStored = 12
    image.HighBit = 11
    image.PixelRepresentation = 0
    image.RescaleIntercept = -1024
    image.RescaleSlope = 1
    image.WindowCenter = 40
    image.WindowWidth = 400
    image.PixelData = array.array("H", phantom(side)).tobytes()
    image.save_as(HERE / "ct-chest.dcm", enforce_file_format=True)


def phantom(side):
    """Hounsfield units + 1024 of each pixel, row by row."""
    # (centre x, centre y, radius x, radius y) in parts of the side, HU: later shapes lie over earlier ones.
    shapes = [
        (0.50, 0.50, 0.42, 0.34, 0),
        (0.33, 0.48, 0.14, 0.22, -850),
        (0.67, 0.48, 0.14, 0.22, -850),
        (0.54, 0.46, 0.09, 0.11, 45),
        (0.50, 0.74, 0.05, 0.05, 700),
    ]
    for y in range(side):
        for x in range(side):
            hu = -1000
            for cx, cy, rx, ry, value in shapes:
                if math.hypot((x / side - cx) / rx, (y / side - cy) / ry) <= 1:
                    hu = value
            grain = (x * 7919 + y * 104729 + x * y) % 13 - 6
            yield max(0, hu + 1024 + grain)


def lab_report():
    """A lipid panel as a FHIR R4 document."""
    patient, doctor, lab = "urn:uuid:" + uuid(1), "urn:uuid:" + uuid(2), "urn:uuid:" + uuid(3)
    report, composition = "urn:uuid:" + uuid(4), "urn:uuid:" + uuid(5)
    taken, issued = "2026-03-05T08:10:00+00:00", "2026-03-05T14:32:00+00:00"
    panel = coded("http://loinc.org", "24331-1", "Lipid 1996 panel - Serum or Plasma")
    laboratory = coded("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB", "Laboratory")

    # LOINC code, name, value, upper or lower limit of the reference range
    measured = [
        ("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", 212, {"high": 200}),
        ("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", 131, {"high": 150}),
        ("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", 54, {"low": 50}),
        ("13457-7", "Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation", 132, {"high": 130}),
    ]
    observations = [
        ("urn:uuid:" + uuid(10 + n), {
            "resourceType": "Observation",
            "status": "final",
            "category": [coded("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory", "Laboratory")],
            "code": coded("http://loinc.org", code, name),
            "subject": {"reference": patient},
            "effectiveDateTime": taken,
            "performer": [{"reference": lab}],
            "valueQuantity": quantity(value),
            "interpretation": [interpretation(value, limits)],
            "referenceRange": [{end: quantity(limit) for end, limit in limits.items()}],
        })
        for n, (code, name, value, limits) in enumerate(measured)
    ]
    entries = [
        (composition, {
            "resourceType": "Composition",
            "status": "final",
            "type": coded("http://loinc.org", "11502-2", "Laboratory report"),
            "subject": {"reference": patient},
            "date": issued,
            "author": [{"reference": lab}],
            "title": "Lipid panel",
            "confidentiality": "N",
            "section": [{"title": "Results", "code": panel, "entry": [{"reference": report}]}],
        }),
        (report, {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "category": [laboratory],
            "code": panel,
            "subject": {"reference": patient},
            "effectiveDateTime": taken,
            "issued": issued,
            "performer": [{"reference": lab}],
            "resultsInterpreter": [{"reference": doctor}],
            "result": [{"reference": url} for url, _ in observations],
            "conclusion": "LDL cholesterol slightly above the reference range.",
        }),
        (patient, {
            "resourceType": "Patient",
            "identifier": [{"system": "urn:oid:" + UID, "value": "SYNTHETIC-1"}],
            "name": [{"use": "official", "family": "Ribeiro", "given": ["Ana"]}],
            "gender": "female",
            "birthDate": "1979-02-14",
        }),
        (doctor, {"resourceType": "Practitioner", "name": [{"family": "Lee", "given": ["Min"], "prefix": ["Dr"]}]}),
        (lab, {"resourceType": "Organization", "name": "Example Laboratory"}),
        *observations,
    ]
    bundle = {
        "resourceType": "Bundle",
        "meta": {"security": [coded("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST", "test health data")["coding"][0]]},
        "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:" + uuid(0)},
        "type": "document",
        "timestamp": issued,
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in entries],
    }
    (HERE / "lab-report.json").write_text(json.dumps(bundle, indent=2) + "\n")


def uuid(n):
    return f"5f2c1a3e-7b64-4c0d-9a51-0000000000{n:02x}"


def coded(system, code, display):
    return {"coding": [{"system": system, "code": code, "display": display}]}


def quantity(value):
    return {"value": value, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"}


def interpretation(value, limits):
    system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
    if value > limits.get("high", value):
        return coded(system, "H", "High")
    if value < limits.get("low", value):
        return coded(system, "L", "Low")
    return coded(system, "N", "Normal")


def discharge_letter():
    """One page of PDF 1.4 with a built-in font."""
    lines = [
        "Example Hospital, Department of Cardiology",
        "",
        "Discharge letter (synthetic)",
        "",
        "Patient: Ana Ribeiro, born 14 February 1979",
        "Stay: 3 to 5 March 2026",
        "",
        "Reason: palpitations on exertion.",
        "Findings: sinus rhythm, 72/min; blood pressure 128/79 mmHg; CT of the chest without finding;",
        "LDL cholesterol 132 mg/dL.",
        "Advice: diet, exercise, lipid panel again in three months.",
        "",
        "Dr Min Lee",
    ]
    text = "BT /F1 11 Tf 72 770 Td 16 TL\n" + "".join(f"({line}) Tj T*\n" for line in lines) + "ET\n"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(text)} >>\nstream\n{text}endstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Title (Discharge letter) /Author (Example Hospital) >>",
    ]
    out, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    out += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 6 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    )
    (HERE / "discharge-letter.pdf").write_bytes(out.encode("ascii"))


if __name__ == "__main__":
    ct_image()
    lab_report()
    discharge_letter()
