// Both grain hosts have this namespace.
global using Orleans;
