"""Datasets against golden bytes, both ways, and against whatever else may come."""

from dataclasses import replace
from datetime import datetime

from hypothesis import given, strategies as st
import pytest

from custom_components.crcp.protocols.ptpip.codes import (
    AccessCapability,
    DevicePropCode,
    EventCode,
    FilesystemType,
    ObjectFormat,
    OperationCode,
    StorageType,
    VendorExtension,
)
from custom_components.crcp.protocols.ptpip.datasets import (
    DeviceInfo,
    ObjectInfo,
    StorageInfo,
    decode_object_info,
)
from custom_components.crcp.protocols.ptpip.datatypes import Structure
from custom_components.crcp.protocols.ptpip.errors import ProtocolError

from .golden import golden

CAPTURED = datetime(2026, 11, 21, 7, 12, 24)

DATASETS: dict[str, Structure] = {
    "ObjectInfo": ObjectInfo(
        storage_id=0x00010001,
        object_format=ObjectFormat.EXIF_JPEG,
        object_compressed_size=220,
        thumb_format=ObjectFormat.JFIF,
        thumb_compressed_size=220,
        thumb_pix_width=16,
        thumb_pix_height=16,
        image_pix_width=6000,
        image_pix_height=4000,
        image_bit_depth=24,
        parent_object=0x10000002,
        filename="IMG_0001.JPG",
        capture_date=CAPTURED,
        modification_date=CAPTURED,
    ),
    "StorageInfo": StorageInfo(
        storage_type=StorageType.REMOVABLE_RAM,
        filesystem_type=FilesystemType.DCF,
        access_capability=AccessCapability.READ_WRITE,
        max_capacity=29 << 30,
        free_space_in_bytes=4096,
        storage_description="Card",
    ),
    "DeviceInfo": DeviceInfo(
        vendor_extension_id=VendorExtension.MTP,
        vendor_extension_version=100,
        operations_supported=(
            OperationCode.GET_DEVICE_INFO,
            OperationCode.OPEN_SESSION,
            OperationCode(0x9199),
        ),
        events_supported=(EventCode.OBJECT_ADDED,),
        device_properties_supported=(DevicePropCode.BATTERY_LEVEL,),
        image_formats=(ObjectFormat.EXIF_JPEG, ObjectFormat.ASSOCIATION),
        manufacturer="AC",
        model="M",
        serial_number="07",
    ),
}

GOLDEN = golden("datasets")


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_is_written_as_the_standard_has_it(name: str) -> None:
    assert DATASETS[name].encode().hex(" ", 4) == GOLDEN[name].hex(" ", 4)


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_is_read_as_the_standard_has_it(name: str) -> None:
    assert type(DATASETS[name]).decode(GOLDEN[name]) == DATASETS[name]


@pytest.mark.parametrize("name", DATASETS)
def test_what_a_vendor_adds_at_the_end_is_ignored(name: str) -> None:
    assert type(DATASETS[name]).decode(GOLDEN[name] + b"more") == DATASETS[name]


def test_numbers_are_named() -> None:
    info = DeviceInfo.decode(GOLDEN["DeviceInfo"])
    assert [code.name for code in info.operations_supported] == [
        "GET_DEVICE_INFO",
        "OPEN_SESSION",
        "0x9199",
    ]


def test_a_dataset_that_ends_early_is_the_devices_fault() -> None:
    for size in range(52):
        with pytest.raises(ProtocolError):
            ObjectInfo.decode(GOLDEN["ObjectInfo"][:size])


def test_a_dataset_that_leaves_out_its_last_strings_has_them_empty() -> None:
    info = ObjectInfo.decode(GOLDEN["ObjectInfo"][:52])
    assert (info.filename, info.capture_date, info.keywords) == ("", None, "")


def test_a_size_beyond_32_bits_is_no_size() -> None:
    info = ObjectInfo.decode(GOLDEN["ObjectInfo"])
    assert info.size == 220
    assert replace(info, object_compressed_size=0xFFFFFFFF).size is None


def test_a_folder_is_an_association() -> None:
    info = ObjectInfo.decode(GOLDEN["ObjectInfo"])
    assert not info.is_association
    assert replace(info, object_format=ObjectFormat.ASSOCIATION).is_association


@given(st.binary(), st.sampled_from([DeviceInfo, StorageInfo, ObjectInfo]))
def test_any_bytes_give_a_dataset_or_a_protocol_error(
    data: bytes, dataset: type[Structure]
) -> None:
    try:
        dataset.decode(data)
    except ProtocolError:
        return


@pytest.mark.parametrize("size", ["0000004001000000", "dc00000000000000"], ids=["5 GiB", "220"])
def test_a_size_of_64_bits_is_seen_by_where_the_name_begins(size: str) -> None:
    """As Samsung and Android send it: four bytes more."""
    data = GOLDEN["ObjectInfo"]
    info = decode_object_info(data[:8] + bytes.fromhex(size) + data[12:])
    assert info.object_compressed_size == int.from_bytes(bytes.fromhex(size), "little")
    standard = ObjectInfo.decode(data)
    assert replace(info, object_compressed_size=220) == standard == decode_object_info(data)
