#!/bin/sh
# What udhcpc does with its lease.
case $1 in
deconfig) ip addr flush dev "$interface" ;;
bound | renew)
  ip addr flush dev "$interface"
  ip addr add "$ip/$mask" dev "$interface"
  ip link set "$interface" mtu "${mtu:-1450}"
  # Option 121 stands for all routes; without it there is the router alone.
  if [ -n "$staticroutes" ]; then
    set -- $staticroutes
    while [ $# -ge 2 ]; do
      case $1 in 0.0.0.0/0 | default) ip route add default via "$2" dev "$interface" ;; *) ip route add "$1" via "$2" dev "$interface" ;; esac
      shift 2
    done
  else
    for gateway in $router; do ip route add default via "$gateway" dev "$interface" && break; done
  fi
  : >/etc/resolv.conf
  [ -n "$domain" ] && echo "search $domain" >>/etc/resolv.conf
  for server in $dns; do echo "nameserver $server" >>/etc/resolv.conf; done
  echo "option245=$opt245 hostname=$hostname" >/run/lease
  ;;
esac
