# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # names of scripts/vm
# The initramfs of the test VM, in two parts that the kernel unpacks one over
# the other: busybox and drivers, which is cached, and what is of one run.

vm_drivers=(virtio_pci virtio_console overlay)
declare -A vm_drivers_for=([9p]="9pnet_virtio 9p" [virtiofs]="virtiofs")

# sets shared_by to how the kernel sees directories of this machine: 9p, or virtiofs if it
# has none, as those for clouds.
shared_by()
{
	shared_by=9p
	[[ ! $modules ]] || grep -qE '(^|/)9p\.ko' "$modules/modules.order" "$modules/modules.builtin" ||
		shared_by=virtiofs
}

# initramfs_base: sets base to the cached part for $release and $modules.
initramfs_base()
{
	local key lock here=$repo/scripts/vm.d

	key=$(
		{
			cat "$here/init" "$here/initramfs.sh" "$busybox"
			echo "$release $modules"
			[[ -z $modules ]] || sha256sum "$modules/modules.dep"
		} | sha256sum | cut -c 1-24
	)
	base=$cache/initramfs/$key
	exec {lock}> "$cache/initramfs.lock"
	flock "$lock"
	if ! sha256sum --status -c "$base.sum" 2>/dev/null; then
		find "$cache/initramfs" -type f -mtime +30 -delete
		{ initramfs_tree "$tmp/base" &&
		  cpio_of "$tmp/base" > "$base" &&
		  sha256sum "$base" > "$base.sum"; } ||
			die "initramfs" "cannot be built in $cache" "is there room?"
	fi
	exec {lock}>&-
}

initramfs_tree()
{
	local root=$1 kind file name

	mkdir -p "$root"/{bin,dev,proc,sys,new,drivers} &&
	cp "$busybox" "$root/bin/busybox" &&
	install -m 755 "$repo/scripts/vm.d/init" "$root/init" || return
	: > "$root/drivers/order"
	[[ -n $modules ]] || return 0
	drivers_list > "$root/drivers/list" || return
	while read -r kind file _; do
		[[ $kind == insmod ]] || continue
		name=${file##*/} name=${name%%.ko*}.ko
		[[ ! -e $root/drivers/$name ]] || continue
		unpack "$file" > "$root/drivers/$name" || return
		echo "$name" >> "$root/drivers/order"
	done < "$root/drivers/list"
}

# What to insert, in order. modprobe wants the tree under lib/modules/RELEASE.
drivers_list()
{
	local tree=$tmp/tree driver kind file

	mkdir -p "$tree/lib/modules"
	ln -s "$modules" "$tree/lib/modules/$release"
	# shellcheck disable=SC2086 # words
	for driver in "${vm_drivers[@]}" ${vm_drivers_for[$shared_by]}; do
		modprobe -d "$tree" -S "$release" --show-depends "$driver" ||
			say "driver $driver: not in $modules; if the kernel lacks it, the VM will not start"
	done | while read -r kind file _; do
		echo "$kind $(realpath -m -- "$file")"
	done
}

unpack()
{
	case $1 in
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -dcq "$1" ;;
	*.gz) gzip -dc "$1" ;;
	*) cat "$1" ;;
	esac
}

cpio_of()
{
	(cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio -0 -o -H newc -R 0:0 --quiet)
}
