#!/usr/bin/env bash
# Builds a Debian 12 cloud image from Debian's packages alone: it starts by BIOS and by UEFI with secure boot, and is provisioned by cloud-init as
# Azure's images are. Nothing is mounted: the file systems are made from a folder.
#
# Usage: debian-12.sh DIRECTORY. Writes disk.qcow2 and manifest.json there. DEBIAN_MIRROR names another mirror.
set -euo pipefail
umask 022
out=$1
mirror=${DEBIAN_MIRROR:-}
mkdir -p "$out"
work=$(mktemp -d "${TMPDIR:-/var/tmp}/cocagne-image.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The system. What guests do not need to run is left out of the packages.
packages=systemd,systemd-sysv,systemd-resolved,dbus,udev,kmod,cloud-init,cloud-guest-utils,openssh-server,iproute2,iputils-ping,netplan.io,isc-dhcp-client
packages+=,netbase,sudo,ca-certificates,curl,python3,linux-image-cloud-amd64,grub-pc-bin,grub-efi-amd64-bin,grub-efi-amd64-signed,shim-signed
packages+=,grub2-common,qemu-guest-agent,e2fsprogs,less,vim-tiny,unattended-upgrades
mmdebstrap --variant=minbase --include="$packages" \
  --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$work/root.tar" $mirror >&2
mkdir "$work/root"
tar -C "$work/root" --numeric-owner -xf "$work/root.tar" --exclude='./dev/*'
rm "$work/root.tar"
root=$work/root

# What a machine is told only when it starts.
: >"$root/etc/machine-id"
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname"
cat >"$root/etc/fstab" <<'FSTAB'
LABEL=root / ext4 defaults,discard 0 1
LABEL=EFI /boot/efi vfat umask=0077,nofail 0 2
FSTAB
mkdir -p "$root/boot/efi" "$root/etc/cloud/cloud.cfg.d" "$root/etc/ssh/sshd_config.d"
cat >"$root/etc/cloud/cloud.cfg.d/95-cocagne.cfg" <<'CLOUD'
datasource_list: [ Azure, NoCloud, None ]
locale: false
ssh_genkeytypes: [ ed25519, ecdsa ]
apt_preserve_sources_list: true
package_update: false
CLOUD
printf 'PasswordAuthentication no\nPermitRootLogin no\n' >"$root/etc/ssh/sshd_config.d/10-cocagne.conf"
# Work that a fresh machine, and an emulated one, does better without at its start; security updates stay on.
for unit in e2scrub_reap.service e2scrub_all.timer man-db.timer dpkg-db-backup.timer; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done

# Boot: GRUB in a BIOS boot partition, and the signed shim and GRUB on an EFI partition.
kernel=$(basename "$root"/boot/vmlinuz-*)
version=${kernel#vmlinuz-}
cat >"$root/etc/default/grub" <<'GRUB'
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200n8"
GRUB_TERMINAL="console serial"
GRUB_DISABLE_OS_PROBER=true
GRUB
mkdir -p "$root/boot/grub"
cat >"$root/boot/grub/grub.cfg" <<GRUB
# The first start's; update-grub writes the next.
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=0
search --no-floppy --label --set=root root
menuentry 'Debian GNU/Linux' {
  linux /boot/vmlinuz-$version root=LABEL=root ro console=tty0 console=ttyS0,115200n8
  initrd /boot/initrd.img-$version
}
GRUB
printf 'search --no-floppy --label --set=root root\nset prefix=($root)/boot/grub\nnormal\n' >"$work/embedded.cfg"
grub=$root/usr/lib/grub/i386-pc
grub-mkimage --directory "$grub" --format i386-pc --prefix /boot/grub --config "$work/embedded.cfg" --output "$work/core.img" \
  biosdisk part_gpt ext2 search search_label normal configfile linux gzio serial terminal

# The disk: as Azure's, the root is partition 1, BIOS boot 14, EFI 15.
mebibytes=2048
truncate -s ${mebibytes}M "$work/disk.raw"
sfdisk --quiet "$work/disk.raw" <<'TABLE'
label: gpt
14: start=2048, size=8192, type=21686148-6449-6E6F-744E-656564454649
15: start=10240, size=253952, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=EFI
1: start=264192, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name=root
TABLE
python3 - "$grub/boot.img" "$work/core.img" "$work/disk.raw" <<'PATCH'
import struct, sys
boot, core, disk = (open(sys.argv[1], "rb").read(), bytearray(open(sys.argv[2], "rb").read()), open(sys.argv[3], "r+b"))
first = 2048
sector = bytearray(512)
# The boot code, and not the partition table behind it; where the core begins; no check of the drive.
sector[:440] = boot[:440]
sector[0x5C:0x64] = struct.pack("<Q", first)
sector[0x66:0x68] = b"\x90\x90"
disk.seek(0)
present = bytearray(disk.read(512))
present[:440] = sector[:440]
disk.seek(0)
disk.write(present)
core += b"\0" * (-len(core) % 512)
# The core's first sector reads the others: from where, how many, to which segment.
core[0x1F4:0x200] = struct.pack("<QHH", first + 1, len(core) // 512 - 1, 0x820)
disk.seek(first * 512)
disk.write(core)
PATCH
esp=$work/esp.img
truncate -s 124M "$esp"
mkfs.vfat -F 32 -n EFI "$esp" >/dev/null
mmd -i "$esp" ::/EFI ::/EFI/BOOT ::/EFI/debian
mcopy -i "$esp" "$root/usr/lib/shim/shimx64.efi.signed" ::/EFI/BOOT/BOOTX64.EFI
mcopy -i "$esp" "$root/usr/lib/shim/mmx64.efi.signed" ::/EFI/BOOT/mmx64.efi
mcopy -i "$esp" "$root/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" ::/EFI/BOOT/grubx64.efi
printf 'search --no-floppy --label --set=root root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n' >"$work/efi.cfg"
mcopy -i "$esp" "$work/efi.cfg" ::/EFI/debian/grub.cfg
dd if="$esp" of="$work/disk.raw" bs=512 seek=10240 conv=notrunc status=none
size=$(sfdisk --json "$work/disk.raw" | python3 -c 'import json, sys; print(next(p["size"] for p in json.load(sys.stdin)["partitiontable"]["partitions"] if p["node"].endswith("raw1")))')
# The package list of the image, for its entry in the catalogue.
list=$(chroot "$root" dpkg-query --show --showformat='${Package}\t${Version}\n')
mke2fs -q -t ext4 -L root -E offset=$((264192 * 512)) -d "$root" "$work/disk.raw" $((size / 2))k
qemu-img convert -c -f raw -O qcow2 "$work/disk.raw" "$out/disk.qcow2"

python3 - "$out/manifest.json" <<MANIFEST
import datetime, json, os, sys
epoch = os.environ.get("SOURCE_DATE_EPOCH")
day = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch else datetime.datetime.now(datetime.timezone.utc)
packages = [dict(zip(("name", "version"), line.split("\t"))) for line in """$list""".splitlines()]
json.dump({
    "publisher": "Debian", "offer": "debian-12", "sku": "12", "version": day.strftime("12.0.%Y%m%d"), "osType": "Linux", "architecture": "x64",
    "hyperVGenerations": ["V1", "V2"], "reportsReady": True, "description": "Debian 12 (bookworm), built from Debian's packages", "packages": packages,
}, open(sys.argv[1], "w"), indent=1)
MANIFEST
