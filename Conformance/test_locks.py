"""Management locks, with the unmodified CLI."""

import pytest

from cloud import unique


@pytest.fixture(scope="module")
def rg(az):
    name = unique("rg")
    az("group", "create", "-n", name, "-l", "paris")
    az("network", "nsg", "create", "-g", name, "-n", "g1")
    return name


def test_what_must_not_be_deleted_is_kept_until_the_lock_goes(az, rg):
    lock = az("lock", "create", "-n", "keep", "--lock-type", "CanNotDelete", "-g", rg, "--notes", "because")
    assert (lock["level"], lock["notes"]) == ("CanNotDelete", "because")
    assert "ScopeLocked" in az.refused("network", "nsg", "delete", "-g", rg, "-n", "g1")
    assert "ScopeLocked" in az.refused("group", "delete", "-n", rg, "--yes")
    # Changes are allowed, and so is something new.
    az("network", "nsg", "update", "-g", rg, "-n", "g1", "--set", "tags.a=b")
    az("network", "nsg", "create", "-g", rg, "-n", "g2")
    assert [item["name"] for item in az("lock", "list", "-g", rg)] == ["keep"]
    assert "keep" in [item["name"] for item in az("lock", "list")]
    assert az("lock", "show", "-n", "keep", "-g", rg)["level"] == "CanNotDelete"
    az("lock", "delete", "-n", "keep", "-g", rg)
    az("network", "nsg", "delete", "-g", rg, "-n", "g2")


def test_what_is_read_only_is_not_changed_and_keeps_its_group(az, rg):
    arguments = ("-g", rg, "--resource", "g1", "--resource-type", "Microsoft.Network/networkSecurityGroups")
    az("lock", "create", "-n", "still", "--lock-type", "ReadOnly", *arguments)
    for refused in (
        ("network", "nsg", "update", "-g", rg, "-n", "g1", "--set", "tags.a=c"), ("network", "nsg", "delete", "-g", rg, "-n", "g1"),
        ("group", "delete", "-n", rg, "--yes"),
    ):
        assert "ScopeLocked" in az.refused(*refused)
    # Its neighbours are free.
    az("network", "nsg", "create", "-g", rg, "-n", "g3")
    az("lock", "delete", "-n", "still", *arguments)
    az("network", "nsg", "update", "-g", rg, "-n", "g1", "--set", "tags.a=c")
    az("group", "delete", "-n", rg, "--yes")


def test_a_wrong_lock_is_refused(cloud):
    session = cloud.arm_session()
    base = f"/subscriptions/{cloud.subscription}/providers/Microsoft.Authorization/locks"
    answer = session.put(cloud.arm_url(f"{base}/l", "2016-09-01"), json={"properties": {"level": "Tight"}}, timeout=30)
    assert answer.status_code == 400, answer.text
    assert session.get(cloud.arm_url(f"{base}/l", "2016-09-01"), timeout=30).status_code == 404
    assert session.delete(cloud.arm_url(f"{base}/l", "2016-09-01"), timeout=30).status_code == 204
