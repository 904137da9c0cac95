using MeshGrains.LocalCluster;

return await ClusterCommand.Create().Parse(args).InvokeAsync();
