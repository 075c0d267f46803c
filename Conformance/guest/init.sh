#!/bin/busybox sh
# The first process of the light guest.
/bin/busybox mkdir -p /proc
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts && mount -t devpts devpts /dev/pts
echo "guest: userspace $(cut -d' ' -f1 /proc/uptime)"
for module in $(cat /lib/modules/order); do insmod "/lib/modules/$module" 2>/dev/null; done
ip link set lo up
hostname light

# The disc with meta-data and user-data: the one whose volume is called cidata has them.
for disk in /dev/vd?; do
  [ -b "$disk" ] || continue
  mount -t iso9660 -o ro "$disk" /mnt 2>/dev/null || continue
  [ -f /mnt/meta-data ] && break
  umount /mnt
done
user=azureuser
if [ -f /mnt/meta-data ]; then
  name=$(sed -n 's/^local-hostname: *//p' /mnt/meta-data)
  [ -n "$name" ] && hostname "$name"
  instance=$(sed -n 's/^instance-id: *//p' /mnt/meta-data)
  named=$(sed -n 's/^- name: *//p' /mnt/user-data | head -1)
  [ -n "$named" ] && user=$named
  cp /mnt/user-data /run/user-data
fi
echo "$user:x:1000:1000:$user:/home/$user:/bin/sh" >>/etc/passwd
echo "$user:*:0:0:99999:7:::" >>/etc/shadow
echo "$user:x:1000:" >>/etc/group
mkdir -p "/home/$user/.ssh"
sed -n 's/^ *- *\(\(ssh\|ecdsa\)-[a-z0-9-]* .*\)/\1/p' /run/user-data >"/home/$user/.ssh/authorized_keys" 2>/dev/null
chmod 700 "/home/$user" "/home/$user/.ssh"
chmod 600 "/home/$user/.ssh/authorized_keys"
chown -R 1000:1000 "/home/$user"
chmod u+s /bin/busybox

ip link set eth0 up
udhcpc -i eth0 -n -q -t 20 -T 1 -O 121 -O 245 -O mtu -s /usr/share/udhcpc/default.script >/dev/null 2>&1
echo "guest: network $(cut -d' ' -f1 /proc/uptime) $(ip -4 -o addr show eth0 | tr -s ' ' | cut -d' ' -f4)"
dropbearkey -t ed25519 -f /etc/dropbear/key >/dev/null 2>&1
dropbear -s -r /etc/dropbear/key -p 22
echo "guest: ssh $(cut -d' ' -f1 /proc/uptime) $(hostname)"

# It says that it is ready as Azure's agents do.
for attempt in $(seq 1 100); do
  set -- $(wget -q -O - "http://168.63.129.16/machine/?comp=goalstate" 2>/dev/null |
    sed -n 's/.*<ContainerId>\(.*\)<\/ContainerId>.*<InstanceId>\(.*\)<\/InstanceId>.*/\1 \2/p')
  [ -n "$1" ] && break
  usleep 100000
done
if [ -n "$1" ]; then
  report="<?xml version=\"1.0\" encoding=\"utf-8\"?><Health><GoalStateIncarnation>1</GoalStateIncarnation><Container><ContainerId>$1</ContainerId><RoleInstanceList><Role><InstanceId>$2</InstanceId><Health><State>Ready</State></Health></Role></RoleInstanceList></Container></Health>"
  wget -q -O /dev/null --header "Content-Type: text/xml" --post-data "$report" "http://168.63.129.16/machine?comp=health" && echo "guest: ready $instance"
fi

# The power button.
for button in /dev/input/event*; do
  (head -c 24 "$button" >/dev/null 2>&1 && poweroff -f) &
done
exec setsid cttyhack sh
