package p // TODO: ghp_0123456789abcdefghijklmnopqrstuvwxyz
