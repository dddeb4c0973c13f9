# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # names of scripts/vm
# Is KVM any good here? A /dev/kvm that opens may still hang a stock kernel, so
# only a guest that speaks is believed.

# accel_probe: sets accel to kvm or tcg; the answer holds until the next boot.
accel_probe()
{
	local memo why boot

	memo=$cache/accel boot=$(</proc/sys/kernel/random/boot_id)
	if [[ -r $memo ]] && [[ $(<"$memo") == "$boot "* ]]; then
		read -r _ accel < "$memo"
		return
	fi
	accel=tcg
	if [[ ! -e /dev/kvm ]]; then
		why="there is no /dev/kvm"
	elif [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
		why="/dev/kvm is not ours to open"
	elif kvm_speaks; then
		accel=kvm why="a guest under KVM spoke within 5 s"
	else
		why="a guest under KVM did not say a word within 5 s"
	fi
	say "accelerator: $accel, since $why (-A forces one; remembered until the next boot)"
	echo "$boot $accel" > "$tmp/accel" && mv "$tmp/accel" "$memo"
}

kvm_speaks()
{
	local pid tries

	: > "$tmp/probe"
	timeout -k 1 5 setpriv --pdeathsig KILL qemu-system-x86_64 -nodefaults -no-user-config \
		-display none -no-reboot -accel kvm -cpu host -m 512 -kernel "$image" \
		-append "earlyprintk=ttyS0 console=ttyS0 panic=-1" -serial "file:$tmp/probe" \
		< /dev/null > /dev/null 2>&1 &
	pid=$!
	for ((tries = 0; tries < 50; tries++)); do
		[[ ! -s $tmp/probe ]] || break
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill "$pid" 2>/dev/null
	{ wait "$pid"; } 2>/dev/null
	[[ -s $tmp/probe ]]
}
