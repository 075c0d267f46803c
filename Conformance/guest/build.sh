#!/usr/bin/env bash
# Builds the light test guest: Debian's cloud kernel, busybox and dropbear in an initial RAM disk. It reads a NoCloud disc, asks DHCP for its
# address and routes, and serves SSH about four seconds after QEMU starts, without KVM.
#
# Usage: build.sh DIRECTORY. Writes kernel, initrd, disk.qcow2 and manifest.json there, for `cocagne image add`.
set -euo pipefail
out=$1
here=$(dirname "$(readlink -f "$0")")
mkdir -p "$out"
version=$(ls /lib/modules | grep -- -cloud-amd64 | sort -V | tail -1)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

mkdir -p "$root"/{bin,sbin,etc/dropbear,proc,sys,dev/pts,run,tmp,mnt,root,home,lib/modules,usr/share/udhcpc,lib64,lib/x86_64-linux-gnu,usr/sbin,usr/bin,var/log}
cp /usr/bin/busybox "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list | grep -vx busybox); do ln -sf busybox "$root/bin/$applet"; done
cp /usr/sbin/dropbear "$root/usr/sbin/"
cp /usr/bin/dropbearkey "$root/usr/bin/"
for library in $(ldd /usr/sbin/dropbear /usr/bin/dropbearkey | grep -o '/[^ ]*' | grep -v ':$' | sort -u); do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
cp -L /lib/x86_64-linux-gnu/libnss_files.so.2 "$root/lib/x86_64-linux-gnu/" 2>/dev/null || true

# In the order in which they depend on each other.
modules=
for name in virtio_pci virtio_blk virtio_net virtio_rng virtio_scsi sd_mod isofs virtio_console button evdev; do
  for file in $(modprobe -S "$version" --show-depends "$name" 2>/dev/null | awk '/^insmod/ {print $2}'); do
    base=$(basename "$file")
    case " $modules " in *" $base "*) ;; *)
      modules="$modules $base"
      cp "$file" "$root/lib/modules/"
      ;;
    esac
  done
done
echo "$modules" >"$root/lib/modules/order"

printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:*:0:0:99999:7:::\n' >"$root/etc/shadow"
printf 'root:x:0:\n' >"$root/etc/group"
printf '/bin/sh\n' >"$root/etc/shells"
printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
install -m 755 "$here/udhcpc.sh" "$root/usr/share/udhcpc/default.script"
install -m 755 "$here/init.sh" "$root/init"

# Debian's kernel is compressed with what takes an emulator seconds: unpacked it starts at once.
if ! python3 "$here/unpack_kernel.py" "/boot/vmlinuz-$version" "$out/kernel"; then cp "/boot/vmlinuz-$version" "$out/kernel"; fi
(cd "$root" && find . | cpio -o -H newc --quiet | lz4 -l -9 -c) >"$out/initrd"
chmod 644 "$out/kernel" "$out/initrd"
rm -f "$out/disk.qcow2"
qemu-img create -q -f qcow2 "$out/disk.qcow2" 64M
cat >"$out/manifest.json" <<JSON
{
  "publisher": "Cocagne", "offer": "light", "sku": "1", "version": "${GUEST_VERSION:-1.0.0}", "osType": "Linux", "architecture": "x64",
  "hyperVGenerations": ["V1"], "description": "The light guest of the tests.", "reportsReady": ${GUEST_REPORTS_READY:-true},
  "directBoot": {"kernel": "kernel", "initrd": "initrd", "commandLine": "console=ttyS0 mitigations=off net.ifnames=0 quiet panic=-1"}
}
JSON
